import type { VoteLapsed } from "./events.ts";
import { standingFault, countsFor } from "./eligibility.ts";
import { type PrincipalRef, samePrincipal } from "./principal.ts";
import { reachesQuorum } from "./quorum.ts";
import type { InReview, Vote } from "./state.ts";
import { sameHuman, type Standing } from "./standing.ts";
import { countingVotes } from "./votes.ts";

/** An earlier voter as it is known now; nobody is known to be in no standing. */
export type VoterNow = { readonly reviewer: PrincipalRef; readonly standings: readonly Standing[] };

/** The votes of a stage, as this state knows the voters, are what it needs. */
export function isReached(state: InReview, index: number): boolean {
  const stage = state.review.stages[index];
  const voters = countingVotes(state).flatMap(({ stage: of, standing }) => (of === index ? [standing] : []));
  return stage !== undefined && reachesQuorum(stage, voters, countsFor(state, index));
}

/** P3: approvals that would not be given any more, by what is known now. Looked at when the votes as cast would do. */
export function lapsedNow(state: InReview, voters: readonly VoterNow[]): readonly Pick<VoteLapsed, "reviewer" | "digest" | "cause">[] {
  const kept: Standing[] = [];
  return countingVotes(state).flatMap((vote) => {
    const now = standingNow(vote, voters);
    const cause = now === undefined ? "not_eligible" : causeOf(state, vote, now, kept);
    if (cause !== undefined) return [{ reviewer: vote.reviewer, digest: vote.digest, cause }];
    if (now !== undefined) kept.push(now);
    return [];
  });
}

/** P3: every vote counts for what its voter is now: somebody who left one group of a quorum counts for the others only. */
export function asKnownNow(state: InReview, voters: readonly VoterNow[]): InReview {
  const votes = state.review.votes.map((vote) => ({ ...vote, standing: standingNow(vote, voters) ?? vote.standing }));
  return { ...state, review: { ...state.review, votes } };
}

/** The same human in the same place. */
function standingNow({ reviewer, standing }: Vote, voters: readonly VoterNow[]): Standing | undefined {
  const voter = voters.find((candidate) => samePrincipal(candidate.reviewer, reviewer));
  return voter?.standings.find(({ inPlaceOf }) => inPlaceOf?.person === standing.inPlaceOf?.person);
}

function causeOf(state: InReview, vote: Vote, now: Standing, kept: readonly Standing[]): VoteLapsed["cause"] | undefined {
  // Without the votes themselves: nobody is kept from a vote by having cast it.
  const alone = { ...state, review: { ...state.review, votes: [] } };
  const fault = standingFault(alone, vote.stage, now, "approve");
  if (fault === "SELF_APPROVAL" || kept.some((other) => sameHuman(other, now))) return "same_human";
  return fault === undefined ? undefined : "not_eligible";
}
