import type {
  ActionEdited,
  ActionEvent,
  ActionRequested,
  AfterReviewClosed,
  BreakGlassUsed,
  CommentAdded,
  GrantIssued,
  ReviewClaimed,
  ReviewEscalated,
  ReviewOpened,
  StageOpened,
  VerdictReached,
  VoteCast,
  VoteLapsed,
} from "./events.ts";
import { samePrincipal, toRef } from "./principal.ts";
import { principalsOf } from "./standing.ts";
import {
  type ActionState,
  type AfterReview,
  type Cancelled,
  type Claim,
  type Comment,
  type Expired,
  isClaimOf,
  type Review,
  type Vote,
} from "./state.ts";

/** What the past adds up to. Accepts every past: an event that makes no sense in its place counts in the version and changes nothing else. */
export function evolve(state: ActionState, event: ActionEvent): ActionState {
  return { ...apply(state, event), version: state.version + 1, updatedAt: event.at };
}

function apply(state: ActionState, event: ActionEvent): ActionState {
  switch (event.type) {
    case "ActionRequested":
      return requested(state, event);
    case "VerdictReached":
      return ruled(state, event);
    case "ReviewOpened":
      return opened(state, event);
    case "StageOpened":
      return inReview(state, (review) => ({ ...review, openStage: event.stage, ...fresh(event) }));
    case "ReviewerReminded":
      return inReview(state, (review) => ({ ...review, reminders: event.number }));
    case "ReviewEscalated":
      return inReview(state, (review) => escalate(review, event));
    case "ReviewHeld":
      return inReview(state, (review) => ({ ...review, deadline: undefined }));
    case "ReviewJoined":
      return inReview(state, (review) => ({ ...review, asked: { times: event.number, input: event.input } }));
    case "VoteCast":
      return voted(state, toVote(event));
    case "VoteLapsed":
      return inReview(state, (review) => lapse(review, event));
    case "ActionEdited":
      return edited(state, event);
    case "EditAccepted":
    case "ActionApproved":
      return state; // What is recorded with it moves the action: a review, or a grant.
    case "ContentErased":
      return state; // What was decided stays decided.
    case "CommentAdded":
      return inReview(state, (review) => ({ ...review, comments: [...review.comments, toComment(event)] }));
    case "ReviewClaimed":
      return inReview(state, (review) => claimed(review, event));
    case "ClaimReleased":
      return inReview(state, (review) => ({ ...review, claim: undefined }));
    case "BreakGlassUsed":
      return inReview(state, (review) => ({ ...review, afterReview: afterReview(event) }));
    case "AfterReviewReminded":
      return afterwards(state, (after) => ({ ...after, reminders: event.number, nextAt: event.nextAt }));
    case "AfterReviewClosed":
      return afterwards(state, (after) => ({ ...after, closed: closing(event) }));
    case "GrantIssued":
      return granted(state, event);
    case "ActionRejected":
      return state.status === "IN_REVIEW" ? { ...state, status: "REJECTED" } : state;
    case "ActionExpired":
      return ended(state, (last) => ({ status: "EXPIRED", last }));
    case "ActionCancelled":
      return ended(state, () => ({ status: "CANCELLED", reason: event.reason }));
    case "GrantRedeemed":
    case "GrantExpired":
    case "GrantRevoked":
    case "ExecutionReported":
    case "ExecutionUnreported":
      return afterApproval(state, event);
    default:
      return event satisfies never;
  }
}

type AfterApproval = "GrantRedeemed" | "GrantExpired" | "GrantRevoked" | "ExecutionReported" | "ExecutionUnreported";

/** What becomes of a grant. */
function afterApproval(state: ActionState, event: Extract<ActionEvent, { type: AfterApproval }>): ActionState {
  switch (event.type) {
    case "GrantRedeemed":
      return state.status === "APPROVED"
        ? { ...state, status: "REDEEMED", redeemedAt: event.at, reportDeadline: event.reportDeadline }
        : state;
    case "GrantExpired":
      return state.status === "APPROVED" ? { ...state, status: "GRANT_EXPIRED" } : state;
    case "GrantRevoked":
      return state.status === "APPROVED" ? { ...state, status: "REVOKED", reason: event.reason } : state;
    case "ExecutionReported": {
      if (state.status !== "REDEEMED") return state;
      const execution = { outcome: event.outcome, outputDigest: event.outputDigest, message: event.message, at: event.at };
      return { ...state, status: event.outcome === "succeeded" ? "SUCCEEDED" : "FAILED", execution };
    }
    case "ExecutionUnreported":
      return state.status === "REDEEMED" ? { ...state, status: "UNREPORTED" } : state;
    default:
      return event satisfies never;
  }
}

function requested(state: ActionState, event: ActionRequested): ActionState {
  if (state.status !== "NONE") return state;
  const { requester, operation, input, deadline } = event;
  return { status: "REQUESTED", version: 0, updatedAt: 0, requester, operation, input, requestedAt: event.at, deadline, ruling: undefined };
}

function ruled(state: ActionState, event: VerdictReached): ActionState {
  if (state.status !== "REQUESTED" && state.status !== "EDITED") return state;
  const ruling = { verdict: event.verdict, policyDigest: event.policyDigest, digest: event.digest };
  if (event.verdict.outcome !== "deny") return { ...state, ruling };
  return { ...state, status: "DENIED", ruling, review: state.status === "EDITED" ? state.review : undefined };
}

function opened(state: ActionState, event: ReviewOpened): ActionState {
  const { stages, unknownCausers } = event;
  const reopened = { stages, unknownCausers, openStage: 0, escalated: [], shownFrom: state.version + 1, ...fresh(event) };
  if (state.status === "EDITED") return { ...state, status: "IN_REVIEW", review: { ...state.review, ...reopened } };
  if (state.status !== "REQUESTED" || state.ruling === undefined) return state;
  return {
    ...state,
    status: "IN_REVIEW",
    ruling: state.ruling,
    review: { ...reopened, ...FIRST, asked: { times: 1, input: state.input } },
  };
}

/** What only an edit carries over to the next opening. */
const FIRST = { votes: [], editors: [], edits: 0, comments: [], claims: [], afterReview: undefined };

/** A stage that has just opened. */
function fresh({ at, deadline }: ReviewOpened | StageOpened) {
  return { deadline, openedAt: at, reminders: 0, putOff: false, claim: undefined };
}

/** More people are asked, and there may be more time. */
export function escalate(review: Review, { stage, deadline }: ReviewEscalated): Review {
  const escalated = [...review.escalated.filter((other) => other !== stage), stage];
  return { ...review, escalated, deadline, putOff: review.putOff || deadline !== review.deadline };
}

function edited(state: ActionState, event: ActionEdited): ActionState {
  if (state.status !== "IN_REVIEW") return state;
  // Also whoever edited before: in whose place it did so then stays barred.
  const from = { digest: event.previousDigest, input: state.input };
  const editors = [...state.review.editors, { principal: toRef(event.editor), principals: principalsOf(event.standing), ...from }];
  const review = { ...state.review, editors, edits: state.review.edits + 1, deadline: event.deadline, claim: undefined };
  return { ...state, status: "EDITED", input: event.input, review };
}

function granted(state: ActionState, event: GrantIssued): ActionState {
  if (state.status !== "REQUESTED" && state.status !== "IN_REVIEW" && state.status !== "EDITED") return state;
  if (state.ruling === undefined) return state;
  const { grantId: id, principal, digest, issuedAt, expiresAt, keyId, tokenDigest } = event;
  const grant = { id, principal, digest, issuedAt, expiresAt, keyId, tokenDigest };
  return { ...state, status: "APPROVED", ruling: state.ruling, review: state.status === "REQUESTED" ? undefined : state.review, grant };
}

type End = Pick<Expired, "status" | "last"> | Pick<Cancelled, "status" | "reason">;

function ended(state: ActionState, end: (last: Expired["last"]) => End): ActionState {
  if (state.status === "IN_REVIEW" || state.status === "EDITED") return { ...state, ...end(state.status) };
  return state.status === "REQUESTED" ? { ...state, ...end(state.status), review: undefined } : state;
}

/** Also a no to what was approved already: the grant that is revoked with it moves the action. */
function voted(state: ActionState, vote: Vote): ActionState {
  if (state.status === "APPROVED" && state.review !== undefined) {
    return { ...state, review: { ...state.review, votes: [...state.review.votes, vote] } };
  }
  return inReview(state, (review) => ({ ...review, votes: [...review.votes, vote], claim: othersClaim(review, vote) }));
}

/** Who has voted is not looking any more. */
function othersClaim({ claim }: Review, { reviewer }: Vote): Claim | undefined {
  return claim !== undefined && isClaimOf(claim, reviewer) ? undefined : claim;
}

function claimed(review: Review, { reviewer, standing: { principals }, at, expiresAt }: ReviewClaimed): Review {
  const claim = { reviewer: toRef(reviewer), principals, at, expiresAt };
  return { ...review, claim, claims: [...review.claims, claim] };
}

function toComment({ number, kind, author, standing, text, question, at }: CommentAdded): Comment {
  return { number, kind, author: toRef(author), standing, byRequester: standing === undefined, text, question, at };
}

function inReview(state: ActionState, change: (review: Review) => Review): ActionState {
  return state.status === "IN_REVIEW" ? { ...state, review: change(state.review) } : state;
}

function afterReview({ reviewer, standing, digest, reason, at, skipped, nextAt }: BreakGlassUsed): AfterReview {
  return { reviewer: toRef(reviewer), standing, digest, reason, at, skipped, reminders: 0, nextAt, closed: undefined };
}

function closing({ reviewer, finding, reason, at }: AfterReviewClosed): AfterReview["closed"] {
  return { reviewer: toRef(reviewer), finding, reason, at };
}

/** In whatever state the action is by then. */
function afterwards(state: ActionState, change: (after: AfterReview) => AfterReview): ActionState {
  if (!("review" in state) || state.review?.afterReview === undefined) return state;
  return { ...state, review: { ...state.review, afterReview: change(state.review.afterReview) } };
}

function lapse(review: Review, event: VoteLapsed): Review {
  const votes = review.votes.map((vote) =>
    vote.digest === event.digest && samePrincipal(vote.reviewer, event.reviewer) ? { ...vote, lapsed: true } : vote,
  );
  return { ...review, votes };
}

function toVote(event: VoteCast): Vote {
  const { reviewer, decision, digest, shownDigest, stage, reason, at, standing, haste } = event;
  const { signIn } = reviewer;
  return { reviewer: toRef(reviewer), decision, digest, shownDigest, stage, reason, at, signIn, standing, haste, lapsed: false };
}
