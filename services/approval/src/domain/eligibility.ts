import type { Principal } from "./principal.ts";
import type { RejectionCode } from "./rejection.ts";
import { causedEdit, causedRequest } from "./separation-of-duties.ts";
import type { InReview } from "./state.ts";

/** A human whose token came through an agent is the agent's hand. */
export function actsInPerson(reviewer: Principal): boolean {
  return reviewer.type === "human" && reviewer.chain.length === 0;
}

/** Why this principal may not do this in the stage that is open; undefined when it may. */
export function ineligibility(
  state: InReview,
  reviewer: Principal,
  act: "approve" | "reject" | "edit",
): (RejectionCode & ("NOT_HUMAN" | "SELF_APPROVAL" | "NOT_ELIGIBLE")) | undefined {
  if (!actsInPerson(reviewer)) return "NOT_HUMAN";
  if (causedRequest(state.requester, reviewer)) return "SELF_APPROVAL";
  if (act === "approve" && causedEdit(state.review, reviewer)) return "SELF_APPROVAL";
  const stage = state.review.stages[state.review.openStage];
  // A stage without groups is nobody's: fail closed.
  if (stage === undefined || !stage.groups.some((group) => reviewer.groups.includes(group))) return "NOT_ELIGIBLE";
  return undefined;
}
