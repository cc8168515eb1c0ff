import type { PrincipalRef } from "../domain/principal.ts";
import type { Hex } from "../domain/values.ts";
import type { Handled, RefusalCode } from "./handle.ts";
import type { ActionRef, Deps } from "./ports.ts";

/**
 * P3: refused for who spoke, or for whom it may have been: an auditor wants to know of it. What is stale or too late is a mistake or a race; the metric
 * `countersign.votes.refused` counts it.
 */
const FOR_WHO_SPOKE: ReadonlySet<RefusalCode> = new Set([
  "SELF_APPROVAL",
  "NOT_HUMAN",
  "NOT_ELIGIBLE",
  "ALREADY_VOTED",
  "CAUSER_UNKNOWN",
  "SIGN_IN_TOO_WEAK",
]);

type Parts = Pick<Deps, "refusals" | "clock">;

/** Leaves a trace of a vote or an edit that was refused for who spoke. The action does not move, and the answer is the same. */
export async function noteVoteRefused(deps: Parts, ref: ActionRef, reviewer: PrincipalRef, handled: Handled): Promise<void> {
  if (handled.outcome !== "refused" || !FOR_WHO_SPOKE.has(handled.code)) return;
  await deps.refusals.note({ kind: "vote", ref, by: reviewer, at: deps.clock().getTime(), reason: handled.code });
}

/** Leaves a trace of a report that was refused since another one is on record. */
export async function noteReportRefused(
  deps: Parts,
  ref: ActionRef,
  reporter: PrincipalRef,
  outputs: { readonly recorded: Hex; readonly refused: Hex },
): Promise<void> {
  await deps.refusals.note({ kind: "report", ref, by: reporter, at: deps.clock().getTime(), outputs });
}
