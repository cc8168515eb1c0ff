import { type Principal, strongEnough } from "./principal.ts";
import { type CountsFor } from "./quorum.ts";
import type { Fault } from "./rejection.ts";
import { causedEdit, causedRequest, isRequestersOwnHuman } from "./separation-of-duties.ts";
import { leavesOf, type Selector, type Stage } from "./stage.ts";
import type { InReview } from "./state.ts";
import { sameHuman, type Standing } from "./standing.ts";
import { countingVotes } from "./votes.ts";

/** What a reviewer can do to an action in review. */
export type Act = "approve" | "reject" | "edit";

export type Ineligibility = Fault & ("NOT_HUMAN" | "SELF_APPROVAL" | "NOT_ELIGIBLE" | "ALREADY_VOTED" | "SIGN_IN_TOO_WEAK");

/** A human whose token came through an agent is the agent's hand. */
export function actsInPerson(reviewer: Principal): boolean {
  return reviewer.type === "human" && reviewer.chain.length === 0;
}

type Speaker = { readonly reviewer: Principal; readonly standings: readonly Standing[] };

/** As whom this principal may do this in the stage that is open: in its own name if that will do, else in another's place. Or why not. */
export function standingFor(state: InReview, { reviewer, standings }: Speaker, act: Act): Standing | Ineligibility {
  const found = askedAs(state, { reviewer, standings }, act);
  if (typeof found === "string") return found;
  return strongEnough(reviewer.signIn, state.review.stages[state.review.openStage]?.leastSignIn ?? "mfa") ? found : "SIGN_IN_TOO_WEAK";
}

/** As whom this human would approve, however it has signed in: for saying that it is looking at it. Or why not. */
export function claimingAs(state: InReview, who: Speaker): Standing | Ineligibility {
  return askedAs(state, who, "approve");
}

/** As whom this human may write on the review, however it has signed in: the open stage asks it, or it has voted. Or why not. */
export function commentingAs(state: InReview, who: Speaker): Standing | Ineligibility {
  const asked = askedAs(state, who, "reject");
  if (asked !== "NOT_ELIGIBLE") return asked;
  return who.standings.find((standing) => state.review.votes.some((vote) => sameHuman(vote.standing, standing))) ?? asked;
}

function askedAs(state: InReview, { reviewer, standings }: Speaker, act: Act): Standing | Ineligibility {
  if (!actsInPerson(reviewer)) return "NOT_HUMAN";
  const { stages, openStage } = state.review;
  const stage = stages[openStage];
  const faults = standings.map((standing) => standingFault(state, openStage, standing, act));
  const found = standings.find((_, index) => faults[index] === undefined);
  // Somebody whom no directory knows is nobody: fail closed. In one's own name says more than in another's place.
  if (stage === undefined || found === undefined) {
    // What keeps somebody from deciding says more than that another of its standings is not asked.
    return faults.find((fault) => fault !== undefined && fault !== "NOT_ELIGIBLE") ?? "NOT_ELIGIBLE";
  }
  return found;
}

/** Why this human may not do this in this stage; undefined when it may. */
export function standingFault(state: InReview, index: number, standing: Standing, act: Act): Ineligibility | undefined {
  const { review } = state;
  const stage = review.stages[index];
  if (causedRequest(state, stage, standing)) return "SELF_APPROVAL";
  if (act === "approve" && causedEdit(review, standing)) return "SELF_APPROVAL";
  if (stage === undefined || !leavesOf(stage.quorum).some((part) => countsFor(state, index)(standing, part))) return "NOT_ELIGIBLE";
  return act === "approve" && countingVotes(state).some((vote) => sameHuman(vote.standing, standing)) ? "ALREADY_VOTED" : undefined;
}

/** Who counts for which part of a stage's quorum. A part that names nobody is nobody's, unless the stage only confirms. */
export function countsFor(state: InReview, index: number): CountsFor {
  const { stages, escalated } = state.review;
  const stage: Stage | undefined = stages[index];
  const more = escalated.includes(index) ? (stage?.escalation?.to ?? []) : [];
  return (standing, { of }) =>
    [...of, ...more].some((selector) => isMeant(selector, standing)) ||
    (stage?.mode === "confirm" && isRequestersOwnHuman(state, standing));
}

function isMeant(selector: Selector, standing: Standing): boolean {
  switch (selector.kind) {
    case "group":
      return standing.groups.includes(selector.name);
    case "person":
      return namesOf(standing).includes(selector.id);
    case "on_call":
      return standing.onCall.includes(selector.schedule);
    case "requester_manager":
      return standing.managesRequester;
    default:
      return selector satisfies never;
  }
}

/** By what a policy may name this human, or the one in whose place it speaks in everything. */
function namesOf({ person, principals, inPlaceOf }: Standing): readonly string[] {
  const who = inPlaceOf ?? { person, principals };
  if (inPlaceOf?.entirely === false) return [];
  return [who.person, ...who.principals.map(({ issuer, id }) => `${issuer}#${id}`)];
}
