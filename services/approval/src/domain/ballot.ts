import { type Act, standingFor } from "./eligibility.ts";
import { isPast } from "./escalation.ts";
import { staleness } from "./freshness.ts";
import type { Principal } from "./principal.ts";
import type { Fault } from "./rejection.ts";
import type { Approved, InReview } from "./state.ts";
import type { Standing } from "./standing.ts";
import type { Hex, Instant } from "./values.ts";

/** Each edit adds parameters and starts the deadline anew: without an end, one reviewer could grow an action and its review for ever. */
const MAX_EDITS = 20;

/** What every word of a reviewer comes with. */
export type Ballot = {
  readonly at: Instant;
  readonly reviewer: Principal;
  readonly standings: readonly Standing[];
  readonly digest: Hex;
  readonly version: number;
  readonly shown: { readonly given: Hex; readonly now: Hex };
  readonly reason: Hex | undefined;
};

/** As whom this reviewer may do this now, on what was shown. Or why not. */
export function admit(state: InReview, ballot: Ballot, act: Act): Standing | Fault {
  // The timer that expires the review may be late; the deadline is not.
  if (isPast(state.review, ballot.at)) return "DEADLINE_PASSED";
  const standing = standingFor(state, ballot, act);
  if (typeof standing === "string") return standing;
  const stale = staleness(state, ballot);
  if (stale !== undefined) return stale;
  const stage = state.review.stages[state.review.openStage];
  const needsReason = act !== "approve" || stage?.approveNeedsReason === true;
  return needsReason && ballot.reason === undefined ? "REASON_REQUIRED" : standing;
}

/** The same, before policy is asked about an edit. */
export function admitEdit(state: InReview, ballot: Ballot): Standing | Fault {
  return hasEditsLeft(state) ? admit(state, ballot, "edit") : "EDIT_LIMIT";
}

export function hasEditsLeft({ review }: InReview): boolean {
  return review.edits < MAX_EDITS;
}

/** The review as it was when its last vote approved: whoever could have rejected then can still. Undefined: policy allowed it without one. */
export function reopened(state: Approved): InReview | undefined {
  const { review } = state;
  return review && { ...state, status: "IN_REVIEW", review: { ...review, deadline: undefined } };
}
