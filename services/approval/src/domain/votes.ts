import { type PrincipalRef, samePrincipal } from "./principal.ts";
import type { InReview, Review, Vote } from "./state.ts";
import type { Hex } from "./values.ts";

/** The vote by which this principal already said this about this digest. It counts once per action: not again in a later stage. */
export function ownVote(review: Review, reviewer: PrincipalRef, decision: Vote["decision"], digest: Hex): Vote | undefined {
  return review.votes.find(
    (vote) => !vote.lapsed && vote.decision === decision && vote.digest === digest && samePrincipal(vote.reviewer, reviewer),
  );
}

/** Approvals that count: not lapsed, on this digest. Never two by one human, since one human counts once per action. */
export function countingVotes({ review, ruling }: Pick<InReview, "review" | "ruling">): readonly Vote[] {
  return review.votes.filter((vote) => vote.decision === "approve" && !vote.lapsed && vote.digest === ruling.digest);
}

/** The input from which this principal made the last edit, if that was of this digest. */
export function ownEditOf({ editors }: Review, reviewer: PrincipalRef, digest: Hex): Hex | undefined {
  const last = editors.at(-1);
  return last !== undefined && last.digest === digest && samePrincipal(last.principal, reviewer) ? last.input : undefined;
}
