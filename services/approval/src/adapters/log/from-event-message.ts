import { timestampMs, type Timestamp } from "@bufbuild/protobuf/wkt";
import type { DecodedEvent } from "@countersign/events";
import { type ContentRef, LapseCause, type ReviewerStanding } from "@countersign/proto/event/v1/action_events_pb";
import { ExecutionOutcome, type Stage as StageMessage, VoteDecision } from "@countersign/proto/v1/action_pb";
import type { Principal as PrincipalMessage, PrincipalRef as RefMessage } from "@countersign/proto/v1/principal_pb";
import type { ActionEvent } from "../../domain/events.ts";
import type { Principal, PrincipalRef } from "../../domain/principal.ts";
import type { Stage } from "../../domain/stage.ts";
import type { Standing } from "../../domain/standing.ts";
import type { Hex, Instant } from "../../domain/values.ts";
import { toHex } from "../../usecases/content.ts";
import { fromFinding } from "../wire/after-review-message.ts";
import { fromCommentKind } from "../wire/comment-message.ts";
import { fromPrincipalMessage, fromRefMessage } from "../wire/principal-message.ts";
import { fromStageMessage } from "../wire/stage-message.ts";
import { fromVerdictMessage } from "../wire/verdict-message.ts";
import { fromStandingMessage } from "./standing-message.ts";

/** An event of an action stream says something that this build cannot have written. Nothing is guessed: the action cannot be loaded. */
export class UnreadableEventError extends Error {
  override readonly name = "UnreadableEventError";
}

/** An event as the domain knows it. */
export function fromEventMessage(event: DecodedEvent, at: Instant): ActionEvent {
  const { type, data } = event;
  switch (type) {
    case "ActionRequested":
      return requested(data, at);
    case "VerdictReached": {
      const verdict = required(data.verdict && fromVerdictMessage(data.verdict));
      return { type, at, verdict, policyDigest: toHex(data.policyDigest), digest: toHex(data.digest) };
    }
    case "ReviewOpened":
      return reviewOpened(data, at);
    case "StageOpened":
      return { type, at, stage: data.stage, deadline: instant(data.deadline), nextAt: instant(data.nextTime) };
    case "ReviewerReminded":
      return {
        type,
        at,
        stage: data.stage,
        number: data.number,
        nextAt: instant(data.nextTime),
        claimedBy: data.claimedBy && ref(data.claimedBy),
      };
    case "ReviewEscalated":
      return { type, at, stage: data.stage, deadline: instant(data.deadline), nextAt: instant(data.nextTime) };
    case "ReviewHeld":
      return { type, at, stage: data.stage };
    case "ReviewJoined":
      return { type, at, number: data.number, digest: toHex(data.digest), input: required(content(data.input)) };
    case "VoteCast":
      return voteCast(data, at);
    case "VoteLapsed":
      return { type, at, reviewer: ref(data.reviewer), digest: toHex(data.digest), cause: fromCause(data.cause) };
    case "ActionEdited":
      return edited(data, at);
    case "EditAccepted":
    case "ActionApproved":
    case "ActionRejected":
      return { type, at, digest: toHex(data.digest) };
    case "ActionExpired":
    case "ExecutionUnreported":
      return { type, at };
    case "ActionCancelled":
      return { type, at, reason: content(data.reason) };
    case "BreakGlassUsed":
      return glassBroken(data, at);
    case "AfterReviewReminded":
      return { type, at, number: data.number, nextAt: instant(data.nextTime) };
    case "AfterReviewClosed":
      return afterReviewClosed(data, at);
    case "CommentAdded":
      return commented(data, at);
    case "ReviewClaimed":
      return { type, at, reviewer: principal(data.reviewer), standing: standingOf(data.standing), expiresAt: instant(data.expireTime) };
    case "ClaimReleased":
      return { type, at, reviewer: ref(data.reviewer) };
    default:
      return fromGrantMessage(event, at);
  }
}

/** What becomes of a grant, and of contents. */
function fromGrantMessage({ type, data }: DecodedEvent, at: Instant): ActionEvent {
  switch (type) {
    case "GrantIssued":
      return grantIssued(data, at);
    case "GrantRedeemed":
      return { type, at, grantId: data.grantId, principal: ref(data.principal), reportDeadline: instant(data.reportDeadline) };
    case "GrantExpired":
      return { type, at, grantId: data.grantId };
    case "GrantRevoked":
      return { type, at, grantId: data.grantId, reason: content(data.reason) };
    case "ExecutionReported":
      return { type, at, outcome: fromOutcome(data.outcome), outputDigest: toHex(data.outputDigest), message: content(data.message) };
    case "ContentErased":
      if (data.personId !== "") throw new UnreadableEventError("an erased person in an action stream");
      return { type, at, digests: data.digests.map(toHex), reason: required(content(data.reason)) };
    default:
      // Of another kind of stream.
      throw new UnreadableEventError(`${type} in an action stream`);
  }
}

function requested(data: DataOf<"ActionRequested">, at: Instant): ActionEvent {
  const { subjectType, subjectId, actionName, resourceType, resourceId } = data;
  return {
    type: "ActionRequested",
    at,
    requester: principal(data.requester),
    operation: { subjectType, subjectId, actionName, resourceType, resourceId },
    input: required(content(data.input)),
    deadline: instant(data.deadline),
  };
}

function reviewOpened(data: DataOf<"ReviewOpened">, at: Instant): ActionEvent {
  const times = { deadline: instant(data.deadline), nextAt: instant(data.nextTime) };
  return { type: "ReviewOpened", at, stages: data.stages.map(stageOf), ...times, unknownCausers: data.unknownCausers.map(ref) };
}

function voteCast(data: DataOf<"VoteCast">, at: Instant): ActionEvent {
  return {
    type: "VoteCast",
    at,
    reviewer: principal(data.reviewer),
    standing: fromStandingMessage(required(data.standing)),
    decision: fromDecision(data.decision),
    digest: toHex(data.digest),
    shownDigest: toHex(data.shownDigest),
    stage: data.stage,
    reason: content(data.reason),
    keyId: data.keyId,
    signature: toHex(data.signature),
    haste: data.haste && { availableSeconds: data.haste.availableSeconds, neededSeconds: data.haste.neededSeconds },
  };
}

function glassBroken(data: DataOf<"BreakGlassUsed">, at: Instant): ActionEvent {
  return {
    type: "BreakGlassUsed",
    at,
    reviewer: principal(data.reviewer),
    standing: fromStandingMessage(required(data.standing)),
    digest: toHex(data.digest),
    shownDigest: toHex(data.shownDigest),
    stage: data.stage,
    skipped: data.skipped.map(({ stage, name, quorumText }) => ({ stage, name, quorumText })),
    reason: required(content(data.reason)),
    keyId: data.keyId,
    signature: toHex(data.signature),
    nextAt: instant(data.nextTime),
  };
}

function afterReviewClosed(data: DataOf<"AfterReviewClosed">, at: Instant): ActionEvent {
  return {
    type: "AfterReviewClosed",
    at,
    reviewer: principal(data.reviewer),
    standing: fromStandingMessage(required(data.standing)),
    finding: required(fromFinding(data.finding)),
    reason: required(content(data.reason)),
  };
}

function commented(data: DataOf<"CommentAdded">, at: Instant): ActionEvent {
  return {
    type: "CommentAdded",
    at,
    number: data.number,
    kind: required(fromCommentKind(data.kind)),
    author: principal(data.author),
    standing: data.standing && fromStandingMessage(data.standing),
    text: required(content(data.text)),
    question: data.question,
  };
}

function edited(data: DataOf<"ActionEdited">, at: Instant): ActionEvent {
  return {
    type: "ActionEdited",
    at,
    editor: principal(data.editor),
    standing: fromStandingMessage(required(data.standing)),
    previousDigest: toHex(data.previousDigest),
    input: required(content(data.input)),
    reason: content(data.reason),
    deadline: instant(data.deadline),
  };
}

function grantIssued(data: DataOf<"GrantIssued">, at: Instant): ActionEvent {
  return {
    type: "GrantIssued",
    at,
    grantId: data.grantId,
    principal: ref(data.principal),
    digest: toHex(data.digest),
    issuedAt: instant(data.issueTime),
    expiresAt: instant(data.expireTime),
    keyId: data.keyId,
    tokenDigest: toHex(data.tokenDigest),
  };
}

type DataOf<Type extends DecodedEvent["type"]> = Extract<DecodedEvent, { type: Type }>["data"];

function required<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new UnreadableEventError("a required field of an event is missing or unknown");
  return value;
}

function stageOf(message: StageMessage): Stage {
  return required(fromStageMessage(message));
}

function principal(message: PrincipalMessage | undefined): Principal {
  return required(message && fromPrincipalMessage(message));
}

function standingOf(message: ReviewerStanding | undefined): Standing {
  return fromStandingMessage(required(message));
}

function ref(message: RefMessage | undefined): PrincipalRef {
  return fromRefMessage(required(message));
}

function content(reference: ContentRef | undefined): Hex | undefined {
  return reference && toHex(reference.digest);
}

function instant(timestamp: Timestamp | undefined): Instant {
  return timestampMs(required(timestamp));
}

function fromDecision(decision: VoteDecision) {
  if (decision === VoteDecision.APPROVE) return "approve";
  if (decision === VoteDecision.REJECT) return "reject";
  throw new UnreadableEventError(`unknown vote decision ${decision}`);
}

function fromOutcome(outcome: ExecutionOutcome) {
  if (outcome === ExecutionOutcome.SUCCEEDED) return "succeeded";
  if (outcome === ExecutionOutcome.FAILED) return "failed";
  throw new UnreadableEventError(`unknown execution outcome ${outcome}`);
}

function fromCause(cause: LapseCause) {
  if (cause === LapseCause.EDITED) return "edited";
  if (cause === LapseCause.NOT_ELIGIBLE) return "not_eligible";
  if (cause === LapseCause.SAME_HUMAN) return "same_human";
  throw new UnreadableEventError(`unknown cause of a lapse ${cause}`);
}
