export type { Authenticated } from "./authenticated.ts";
export { AuthenticationError, type AuthenticationFailure } from "./authentication-error.ts";
export { createAuthenticator, type Authenticator, type AuthenticatorOptions } from "./authenticator.ts";
export { createDevelopmentIssuer, type DevelopmentActor, type DevelopmentIssuer, type DevelopmentPrincipal } from "./development-issuer.ts";
export type { IssuerConfig, IssuerInput } from "./issuer-config.ts";
export { readIssuers } from "./read-issuers.ts";
export { whoSignedIn, type WhoSignedIn } from "./signed-in.ts";
export { readTrustDomains, type TrustDomain } from "./trust-domains.ts";
export { DEVELOPMENT_PRINCIPALS, isDevelopmentName, type DevelopmentName } from "./development-principals.ts";
