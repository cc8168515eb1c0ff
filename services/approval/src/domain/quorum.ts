import { type PrincipalRef, samePrincipal } from "./principal.ts";
import type { Review, Vote } from "./state.ts";
import type { Hex } from "./values.ts";

/** Approvals that count: not lapsed, on this digest, in this stage. Never two by one human, since one human counts once per action. */
export function countingApprovals(review: Review, digest: Hex, stage: number): readonly Vote[] {
  return review.votes.filter((vote) => vote.decision === "approve" && !vote.lapsed && vote.digest === digest && vote.stage === stage);
}

/** One more approval, by somebody who has not voted for this digest yet, completes the open stage. */
export function completesStage(review: Review, digest: Hex): boolean {
  const stage = review.stages[review.openStage];
  if (stage === undefined) return false;
  return countingApprovals(review, digest, review.openStage).length + 1 >= Math.max(1, stage.quorum);
}

export function isLastStage(review: Review): boolean {
  return review.openStage + 1 >= review.stages.length;
}

/** The vote by which this human already said this about this digest. It counts once per action: not again in a later stage. */
export function ownVote(review: Review, reviewer: PrincipalRef, decision: Vote["decision"], digest: Hex): Vote | undefined {
  return review.votes.find(
    (vote) => !vote.lapsed && vote.decision === decision && vote.digest === digest && samePrincipal(vote.reviewer, reviewer),
  );
}
