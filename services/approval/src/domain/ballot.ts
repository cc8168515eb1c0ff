import { ineligibility } from "./eligibility.ts";
import { staleness } from "./freshness.ts";
import type { Principal } from "./principal.ts";
import type { RejectionCode } from "./rejection.ts";
import type { ActionState, InReview } from "./state.ts";
import type { Hex, Instant } from "./values.ts";

/** Each edit adds parameters and starts the deadline anew: without an end, one reviewer could grow an action and its review for ever. */
const MAX_EDITS = 20;

/** What every word of a reviewer comes with. */
export type Ballot = { readonly at: Instant; readonly reviewer: Principal; readonly digest: Hex; readonly version: number };

/** Why this reviewer may not do this now, on what was shown; undefined when it may. */
export function ballotFault(state: InReview, ballot: Ballot, act: "approve" | "reject" | "edit"): RejectionCode | undefined {
  // The timer that expires the review may be late; the deadline is not.
  if (ballot.at >= state.review.deadline) return "DEADLINE_PASSED";
  return ineligibility(state, ballot.reviewer, act) ?? staleness(state, ballot);
}

/** The same, before policy is asked about an edit. */
export function editFault(state: ActionState, ballot: Ballot): RejectionCode | undefined {
  if (state.status === "NONE") return "NOT_FOUND";
  if (state.status !== "IN_REVIEW") return "WRONG_STATE";
  return state.review.edits >= MAX_EDITS ? "EDIT_LIMIT" : ballotFault(state, ballot, "edit");
}
