import { type CallerRef, sameCaller, samePrincipal } from "./principal.ts";
import type { Fault } from "./rejection.ts";
import type { ActionState, Grant, RecordedAction } from "./state.ts";
import type { Hex, Instant } from "./values.ts";

export type Attempt = { readonly caller: CallerRef; readonly tokenDigest: Hex; readonly digest: Hex; readonly at: Instant };

/** P2: why this attempt may not use the grant; undefined when it may. Whoever has not got the token learns nothing else. */
export function redemptionFault(state: ActionState, attempt: Attempt): Fault | undefined {
  if (!("grant" in state) || !sameInConstantTime(attempt.tokenDigest, state.grant.tokenDigest)) return "GRANT_INVALID";
  if (!isGrantee(state, attempt.caller)) return "NOT_GRANTEE";
  if (state.status === "REVOKED") return "GRANT_REVOKED";
  if (state.status === "GRANT_EXPIRED") return "GRANT_EXPIRED";
  if (state.status !== "APPROVED") return "GRANT_REDEEMED";
  if (hasExpired(state.grant, attempt.at)) return "GRANT_EXPIRED";
  return attempt.digest === state.grant.digest ? undefined : "DIGEST_MISMATCH";
}

/** P2: the principal that the grant names, acting for and through the very same as when it asked. */
export function isGrantee(state: RecordedAction & { readonly grant: Grant }, caller: CallerRef): boolean {
  return samePrincipal(state.grant.principal, caller) && sameCaller(state.requester, caller);
}

export function hasExpired(grant: Grant, at: Instant): boolean {
  return at >= grant.expiresAt;
}

/** Takes as long whatever differs, so that a digest cannot be found byte by byte. */
function sameInConstantTime(given: Hex, stored: Hex): boolean {
  let difference = given.length ^ stored.length;
  for (let index = 0; index < stored.length; index += 1) difference |= given.charCodeAt(index) ^ stored.charCodeAt(index);
  return difference === 0;
}
