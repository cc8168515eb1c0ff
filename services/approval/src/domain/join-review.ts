import type { JoinReview } from "./commands.ts";
import { isPast } from "./escalation.ts";
import { sameCaller } from "./principal.ts";
import { type Decision, reject, wrongState } from "./rejection.ts";
import type { ActionState } from "./state.ts";

/** Each time is an event and may bring words of its own: without an end, an agent in a loop could grow an action for ever. */
const MAX_ASKED = 20;

/**
 * The same digest asked for once more joins its open review: one action, one grant, one execution, however often it is asked for. It moves
 * nothing but the count: no deadline, no vote.
 */
export function joinReview({ at, caller, digest, input }: JoinReview, state: ActionState): Decision {
  if (state.status === "NONE") return reject("NOT_FOUND");
  if (!sameCaller(state.requester, caller)) return reject("NOT_REQUESTER");
  if (state.status !== "IN_REVIEW") return wrongState("IN_REVIEW");
  if (isPast(state.review, at)) return reject("DEADLINE_PASSED");
  if (digest !== state.ruling.digest) return reject("STALE_DIGEST");
  const { times } = state.review.asked;
  return times >= MAX_ASKED ? reject("ASKED_TOO_OFTEN") : [{ type: "ReviewJoined", at, number: times + 1, digest, input }];
}
