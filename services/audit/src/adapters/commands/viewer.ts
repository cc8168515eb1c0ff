import type { DecodedEvent } from "@countersign/events";
import { PrincipalType, type Principal } from "@countersign/proto/v1/principal_pb";
import { callerKey, principalKey, type CallerKey } from "../../projections/actions/principal-key.ts";

/** Roles that may see what others in their tenant asked for. */
const SEE_ALL: ReadonlySet<string> = new Set(["reviewer", "policy_admin", "auditor", "operator"]);

/** P8: the one whose actions alone the caller may see; nothing when it may see all of its tenant's. */
export function onlyOwn(caller: Principal): CallerKey | undefined {
  return caller.roles.some((role) => SEE_ALL.has(role)) ? undefined : keyOf(caller);
}

/** Who asked, by the first event of an action's stream; in the same terms as `onlyOwn`. */
export function requesterOf(first: DecodedEvent | undefined): CallerKey | undefined {
  if (first?.type !== "ActionRequested" || first.data.requester === undefined) return undefined;
  return keyOf(first.data.requester);
}

function keyOf({ issuer, id, chain }: Principal): CallerKey {
  return callerKey({ issuer, id, chain: chain.map(principalKey) });
}

/** Whether the caller can vote at all: a human who acts for nobody else (P3). */
export function canReview(caller: Principal): boolean {
  return caller.type === PrincipalType.HUMAN && caller.chain.length === 0;
}
