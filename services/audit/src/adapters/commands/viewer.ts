import { PrincipalType, type Principal } from "@countersign/proto/v1/principal_pb";
import { principalKey, type PrincipalKey } from "../../projections/actions/principal-key.ts";

/** Roles that may see what others in their tenant asked for. */
const SEE_ALL: ReadonlySet<string> = new Set(["reviewer", "policy_admin", "auditor", "operator"]);

/** The one whose actions alone the caller may see; nothing when it may see all of its tenant's. */
export function onlyOwn(caller: Principal): PrincipalKey | undefined {
  return caller.roles.some((role) => SEE_ALL.has(role)) ? undefined : principalKey(caller);
}

/** The caller as one who votes, if it can be one at all: a human who acts for nobody else (P3). */
export function asReviewer(caller: Principal): { readonly key: PrincipalKey; readonly groups: readonly string[] } | undefined {
  if (caller.type !== PrincipalType.HUMAN || caller.chain.length > 0) return undefined;
  return { key: principalKey(caller), groups: caller.groups.filter((group) => !group.includes("\0")) };
}
