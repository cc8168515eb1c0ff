import { approve } from "./approve.ts";
import { admit, admitEdit, reopened } from "./ballot.ts";
import type {
  AcceptEdit,
  ActionCommand,
  CancelAction,
  CastVote,
  EditAction,
  ExpireGrant,
  TendReview,
  Judgement,
  MarkUnreported,
  ReachVerdict,
  RedeemGrant,
  ReportExecution,
  RequestAction,
} from "./commands.ts";
import { breakGlass, closeAfterReview, tendAfterReview } from "./break-glass.ts";
import { claimReview, releaseReview } from "./claim.ts";
import { addComment } from "./comments.ts";
import { actsInPerson } from "./eligibility.ts";
import { dueNow, opening, withEscalation } from "./escalation.ts";
import { hasteOf } from "./haste.ts";
import { joinReview } from "./join-review.ts";
import { lateness } from "./lateness.ts";
import { eraseContent } from "./erasure.ts";
import type { ActionEvent, VoteCast, VoteLapsed } from "./events.ts";
import { evolve } from "./evolve.ts";
import { type Principal, type PrincipalRef, sameCaller, toRef } from "./principal.ts";
import { asKnownNow, isReached, lapsedNow } from "./recount.ts";
import { isGrantee, redemptionFault } from "./redemption.ts";
import { type Decision, reject, unlessKnown, wrongState } from "./rejection.ts";
import { keepingAllOut, unknownInReview, unknownNow } from "./separation-of-duties.ts";
import type { ActionState, Approved, InReview, RecordedAction } from "./state.ts";
import type { Hex, Instant, Verdict } from "./values.ts";
import { ownVote } from "./votes.ts";

/** A new action, with all that its judgement leads to. Without a judgement it is recorded alone and waits for a verdict. */
export function requestAction(command: RequestAction, state: ActionState): Decision {
  if (state.status !== "NONE") return wrongState("an id that no action has");
  const { at, requester, operation, input, deadline, judgement, strangers } = command;
  const requested: ActionEvent = { type: "ActionRequested", at, requester, operation, input, deadline };
  if (judgement === undefined) return [requested];
  const unknown = judgement.outcome === "review" ? unlessKnown(keepingAllOut(requester, judgement.verdict, strangers)) : undefined;
  return unknown ?? [requested, ...follow(judgement, { requester, strangers, at })];
}

/**
 * P3: a review that nobody can approve yet opens here all the same, and says so. What was acknowledged is not thrown away for what one line in the
 * directory mends, as it is not when the directory loses somebody in the middle of a review; its requester can cancel.
 */
export function reachVerdict(command: ReachVerdict, state: ActionState): Decision {
  if (state.status === "NONE") return reject("NOT_FOUND");
  if (state.status !== "REQUESTED") return [];
  const late = lateness(state, command.at);
  if (late !== undefined) return reject(late);
  const { judgement, strangers, at } = command;
  return follow(judgement, { requester: state.requester, strangers, at });
}

/**
 * One vote on the digest that the reviewer was shown. An approval may open another stage or approve; a rejection ends the review, or takes back a grant that was not
 * used yet. The same vote again changes nothing.
 */
export function castVote(command: CastVote, state: ActionState): Decision {
  if (state.status === "NONE") return reject("NOT_FOUND");
  const { at, reviewer, decision, digest, shown, reason, keyId, signature } = command;
  if (!actsInPerson(reviewer)) return reject("NOT_HUMAN");
  // Before anything else, so that a retry is quiet also when this very vote ended the review.
  if ("review" in state && state.review !== undefined && ownVote(state.review, reviewer, decision, digest) !== undefined) return [];
  if (state.status === "APPROVED" && decision === "reject") return rejectLate(command, state);
  if (state.status !== "IN_REVIEW") return wrongState(decision === "reject" ? "IN_REVIEW or APPROVED" : "IN_REVIEW");
  const standing = admit(state, command, decision);
  if (typeof standing === "string") return reject(standing);
  const { openStage: stage } = state.review;
  const unknown = decision === "approve" ? unlessKnown(unknownNow(state, command)) : undefined;
  if (unknown !== undefined) return unknown;
  const signed = { shownDigest: shown.given, keyId, signature, haste: hasteOf(state.review, command) };
  const cast: VoteCast = { type: "VoteCast", at, reviewer, standing, decision, digest, stage, reason, ...signed };
  if (command.decision === "reject") return [cast, { type: "ActionRejected", at, digest }];
  return [cast, ...count(command, evolve(state, cast))];
}

/** A reviewer's no that comes after the approval, and before the grant was used, takes the grant back. */
function rejectLate(command: CastVote, state: Approved): Decision {
  const late = lateness(state, command.at);
  if (late !== undefined) return reject(late);
  const open = reopened(state);
  if (open === undefined) return wrongState("IN_REVIEW");
  const { review } = open;
  const standing = admit(open, command, "reject");
  if (typeof standing === "string") return reject(standing);
  const { at, reviewer, digest, shown, reason, keyId, signature } = command;
  const vote = { reviewer, standing, decision: "reject", digest, shownDigest: shown.given, stage: review.openStage, reason } as const;
  return [
    { type: "VoteCast", at, ...vote, keyId, signature, haste: hasteOf(review, command) },
    { type: "GrantRevoked", at, grantId: state.grant.id, reason },
  ];
}

/** What the votes come to after one more approval. Those that would not be given any more lapse first, and may open an earlier stage again. */
function count({ at, digest, grant, ...vote }: Extract<CastVote, { decision: "approve" }>, voted: ActionState): readonly ActionEvent[] {
  if (voted.status !== "IN_REVIEW" || !isReached(voted, voted.review.openStage)) return [];
  const voters = [...vote.voters, vote];
  const lapsed = lapsedNow(voted, voters).map((lapse): VoteLapsed => ({ type: "VoteLapsed", at, ...lapse }));
  const state = lapsed.reduce<ActionState>(evolve, voted);
  if (state.status !== "IN_REVIEW") return lapsed;
  const { stages, openStage } = state.review;
  const known = asKnownNow(state, voters);
  const next = stages.findIndex((_, index) => !isReached(known, index));
  if (next === openStage) return lapsed;
  if (next < 0) return [...lapsed, ...approve(grant, digest, state.requester, at)];
  return [...lapsed, { type: "StageOpened", at, stage: next, ...opening(stages[next], at) }];
}

/** Another input in the place of what was asked, with the verdict on it. Votes lapse, and the requester has to accept before anybody goes on. */
export function editAction(command: EditAction, state: ActionState): Decision {
  if (state.status === "NONE") return reject("NOT_FOUND");
  if (state.status !== "IN_REVIEW") return wrongState("IN_REVIEW");
  const standing = admitEdit(state, command);
  if (typeof standing === "string") return reject(standing);
  const unknown = unlessKnown(unknownNow(state, command));
  if (unknown !== undefined) return unknown;
  if (command.input === state.input) return [];
  const { at, reviewer: editor, input, reason, judgement } = command;
  const lapsed = state.review.votes.filter((vote) => !vote.lapsed);
  return [
    ...lapsed.map((vote): ActionEvent => ({ type: "VoteLapsed", at, reviewer: vote.reviewer, digest: vote.digest, cause: "edited" })),
    { type: "ActionEdited", at, editor, standing, previousDigest: state.ruling.digest, input, reason, deadline: timeToAccept(state, at) },
    reached(judgement, at),
  ];
}

/** The requester has as long as the reviewers of the open stage had. */
function timeToAccept({ review: { stages, openStage } }: InReview, at: Instant): Instant {
  return opening(stages[openStage], at).deadline;
}

/** The requester takes what a reviewer made of it: then the verdict on that counts, and a review begins anew. Said again, it changes nothing. */
export function acceptEdit(command: AcceptEdit, state: ActionState): Decision {
  if (state.status === "NONE") return reject("NOT_FOUND");
  const { at, caller, digest, grant, strangers } = command;
  if (!sameCaller(state.requester, caller)) return reject("NOT_REQUESTER");
  if (state.status !== "EDITED") return hasAccepted(state, digest) ? [] : wrongState("EDITED");
  const late = lateness(state, at);
  if (late !== undefined) return reject(late);
  if (digest !== state.ruling.digest) return reject("STALE_DIGEST");
  const accepted: ActionEvent = { type: "EditAccepted", at, digest };
  const { verdict } = state.ruling;
  if (verdict.outcome === "allow") return [accepted, ...approve(grant, digest, state.requester, at)];
  const { requester } = state;
  return unlessKnown(keepingAllOut(requester, verdict, strangers)) ?? [accepted, openReview(verdict, { requester, strangers, at })];
}

/** What the requester says was so already. */
function hasAccepted(state: RecordedAction, digest: Hex): boolean {
  const edits = "review" in state ? (state.review?.edits ?? 0) : 0;
  return edits > 0 && state.status !== "DENIED" && state.ruling?.digest === digest;
}

/** The requester wants it no more: nothing is decided, or the grant is taken back if it was not used. Said again, it changes nothing. */
export function cancelAction(command: CancelAction, state: ActionState): Decision {
  if (state.status === "NONE") return reject("NOT_FOUND");
  const { at, caller, reason } = command;
  if (!sameCaller(state.requester, caller)) return reject("NOT_REQUESTER");
  if (state.status === "CANCELLED" || state.status === "REVOKED") return [];
  const late = lateness(state, at);
  if (late !== undefined) return reject(late);
  if (state.status === "REQUESTED" || state.status === "IN_REVIEW" || state.status === "EDITED")
    return [{ type: "ActionCancelled", at, reason }];
  if (state.status === "APPROVED") return [{ type: "GrantRevoked", at, grantId: state.grant.id, reason }];
  return wrongState("REQUESTED, IN_REVIEW, EDITED or APPROVED");
}

/** P2: once. Redeeming again is refused whoever does; a retry is known by its idempotency key, before anything is decided. */
export function redeemGrant(command: RedeemGrant, state: ActionState): Decision {
  const fault = redemptionFault(state, command);
  if (fault !== undefined) return reject(fault);
  if (state.status !== "APPROVED") return wrongState("APPROVED");
  const { at, caller, reportDeadline } = command;
  return [{ type: "GrantRedeemed", at, grantId: state.grant.id, principal: toRef(caller), reportDeadline }];
}

/** How it went, as the grantee says. The same again changes nothing, anything else is refused. */
export function reportExecution(command: ReportExecution, state: ActionState): Decision {
  if (state.status === "NONE") return reject("NOT_FOUND");
  if (!("grant" in state)) return sameCaller(state.requester, command.caller) ? wrongState("REDEEMED") : reject("NOT_GRANTEE");
  if (!isGrantee(state, command.caller)) return reject("NOT_GRANTEE");
  const { at, outcome, outputDigest, message } = command;
  if (state.status === "SUCCEEDED" || state.status === "FAILED") {
    const { execution } = state;
    const same = execution.outcome === outcome && execution.outputDigest === outputDigest && command.sameMessage;
    return same ? [] : reject("REPORT_CONFLICT");
  }
  // Late is better than never: until the log says UNREPORTED, a report counts.
  return state.status === "REDEEMED" ? [{ type: "ExecutionReported", at, outcome, outputDigest, message }] : wrongState("REDEEMED");
}

/** What is due: an action that nobody decided expires, a stage reminds or escalates. Nothing when it is too early or too late, so that timers may fire at will. */
export function tendReview(command: TendReview, state: ActionState): Decision {
  const { at } = command;
  if (state.status === "IN_REVIEW") return dueNow(state, at);
  return lateness(state, at) === "DEADLINE_PASSED" ? [{ type: "ActionExpired", at }] : [];
}

/** A grant that nobody used in time. Nothing when it is too early, or was used or taken back. */
export function expireGrant(command: ExpireGrant, state: ActionState): Decision {
  if (state.status !== "APPROVED" || lateness(state, command.at) === undefined) return [];
  return [{ type: "GrantExpired", at: command.at, grantId: state.grant.id }];
}

/** An execution that nobody reported in time. Nothing when it is too early, or was reported. */
export function markUnreported(command: MarkUnreported, state: ActionState): Decision {
  if (state.status !== "REDEEMED" || command.at < state.reportDeadline) return [];
  return [{ type: "ExecutionUnreported", at: command.at }];
}

/** The action's whole life, one command at a time. */
export function decide(command: ActionCommand, state: ActionState): Decision {
  switch (command.type) {
    case "RequestAction":
      return requestAction(command, state);
    case "ReachVerdict":
      return reachVerdict(command, state);
    case "JoinReview":
      return joinReview(command, state);
    case "CastVote":
      return withEscalation(castVote, command, state);
    case "EditAction":
      return withEscalation(editAction, command, state);
    case "AcceptEdit":
      return acceptEdit(command, state);
    case "CancelAction":
      return cancelAction(command, state);
    case "RedeemGrant":
      return redeemGrant(command, state);
    case "ReportExecution":
      return reportExecution(command, state);
    case "BreakGlass":
      return withEscalation(breakGlass, command, state);
    case "AddComment":
      return withEscalation(addComment, command, state);
    case "ClaimReview":
      return withEscalation(claimReview, command, state);
    case "ReleaseReview":
      return releaseReview(command, state);
    case "CloseAfterReview":
      return closeAfterReview(command, state);
    case "TendAfterReview":
      return tendAfterReview(command, state);
    case "TendReview":
      return tendReview(command, state);
    case "ExpireGrant":
      return expireGrant(command, state);
    case "MarkUnreported":
      return markUnreported(command, state);
    case "EraseContent":
      return eraseContent(command, state);
    default:
      return command satisfies never;
  }
}

/** For whom, as the directory knows them, and when. */
type Asking = { readonly requester: Principal; readonly strangers: readonly PrincipalRef[]; readonly at: Instant };

function follow(judgement: Judgement, asking: Asking): readonly ActionEvent[] {
  const { requester, at } = asking;
  switch (judgement.outcome) {
    case "deny":
      return [reached(judgement, at)];
    case "allow":
      return [reached(judgement, at), ...approve(judgement.grant, judgement.digest, requester, at)];
    case "review":
      return [reached(judgement, at), openReview(judgement.verdict, asking)];
    default:
      return judgement satisfies never;
  }
}

function reached({ verdict, policyDigest, digest }: Judgement, at: Instant): ActionEvent {
  return { type: "VerdictReached", at, verdict, policyDigest, digest };
}

function openReview(verdict: Verdict, { requester, strangers, at }: Asking): ActionEvent {
  const { stages } = verdict;
  const unknownCausers = unknownInReview(requester, verdict, strangers).map(toRef);
  return { type: "ReviewOpened", at, stages, ...opening(stages[0], at), unknownCausers };
}
