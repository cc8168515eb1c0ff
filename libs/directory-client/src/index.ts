export { createDirectoryClient, DirectoryUnreachableError, type DirectoryClient, type DirectoryClientOptions } from "./directory-client.ts";
export { readDirectoryClientConfig, type DirectoryClientConfig } from "./config.ts";
export type { ChannelAccount, Person, PrincipalName, Resolved, Reviewers, StandIn, WantedReviewers, Who } from "./person.ts";
