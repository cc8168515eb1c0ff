import type { Target } from "../engine/target.ts";
import { archiveMembers, archives } from "./archives.ts";
import { certificates } from "./certificates.ts";
import { slackInteractions, teamsActivities } from "./chats.ts";
import { commandLine } from "./command-line.ts";
import { conditions } from "./conditions.ts";
import { edits } from "./edits.ts";
import { events, payloads } from "./events.ts";
import { channelsFile, directoryFile, issuersFile, notifierContract } from "./files.ts";
import { gatewayRequests } from "./gateway-requests.ts";
import { reviewPageForms } from "./page.ts";
import { policies } from "./policies.ts";
import { quorums } from "./quorums.ts";
import { editedTexts, reviews } from "./reviews.ts";
import { scimFilters, scimRequests } from "./scim.ts";
import { tlog } from "./tlog.ts";
import { claimsOfTokens, tokens } from "./tokens.ts";

/** Every decoder and parser that takes in what somebody else wrote. */
export const TARGETS: readonly Target[] = [
  gatewayRequests,
  tokens,
  claimsOfTokens,
  certificates,
  policies,
  conditions,
  quorums,
  edits,
  scimFilters,
  scimRequests,
  slackInteractions,
  teamsActivities,
  reviewPageForms,
  editedTexts,
  channelsFile,
  issuersFile,
  directoryFile,
  notifierContract,
  events,
  payloads,
  tlog,
  archives,
  archiveMembers,
  reviews,
  commandLine,
];
