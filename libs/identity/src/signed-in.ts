import type { Principal } from "@countersign/proto/v1/principal_pb";
import { AuthenticationError } from "./authentication-error.ts";
import { createAuthenticator } from "./authenticator.ts";
import type { IssuerConfig } from "./issuer-config.ts";

/**
 * Says who signed in, by an ID token that one of this deployment's own clients was given (`signInClients`): verified as every token is, claims
 * read as at the front door. An access token of the front door is none.
 * @throws AuthenticationError also when the token speaks for another tenant.
 */
export type WhoSignedIn = (tenant: string, idToken: string) => Promise<Principal>;

/** Without an issuer that has such clients nobody signs in: every token is refused. */
export function whoSignedIn(issuers: readonly IssuerConfig[], clock: () => Date = () => new Date()): WhoSignedIn {
  // Nobody owns a person: where owners belong does not matter here, and may be at an issuer that is left out.
  const own = issuers.flatMap(({ ownerIssuer: _elsewhere, ...issuer }) =>
    issuer.signInClients.length === 0 ? [] : [{ ...issuer, audience: issuer.signInClients }],
  );
  const authenticator = own.length === 0 ? undefined : createAuthenticator({ issuers: own, clock });
  return async (tenant, idToken) => {
    if (authenticator === undefined) throw new AuthenticationError("TOKEN_INVALID", "nobody signs in here: no issuer has signInClients");
    const { principal } = await authenticator.authenticate(idToken);
    if (principal.tenant === tenant) return principal;
    throw new AuthenticationError("TOKEN_INVALID", "the token speaks for another tenant");
  };
}
