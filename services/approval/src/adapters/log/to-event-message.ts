import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { EVENT_SCHEMAS, type DecodedEvent } from "@countersign/events";
import { LapseCause } from "@countersign/proto/event/v1/action_events_pb";
import { ExecutionOutcome, VoteDecision } from "@countersign/proto/v1/action_pb";
import type {
  ActionEdited,
  ActionEvent,
  ActionRequested,
  AfterReviewClosed,
  BreakGlassUsed,
  CommentAdded,
  ContentErased,
  ExecutionReported,
  GrantIssued,
  VoteCast,
  VoteLapsed,
  GrantRedeemed,
  ReviewClaimed,
  ReviewerReminded,
} from "../../domain/events.ts";
import type { Hex } from "../../domain/values.ts";
import { fromHex } from "../wire/bytes.ts";
import { FINDINGS } from "../wire/after-review-message.ts";
import { COMMENT_KINDS } from "../wire/comment-message.ts";
import { toPrincipalMessage, toRefMessage } from "../wire/principal-message.ts";
import { toStageMessage } from "../wire/stage-message.ts";
import { toVerdictMessage } from "../wire/verdict-message.ts";
import { toStandingMessage } from "./standing-message.ts";

const CAUSES: Readonly<Record<VoteLapsed["cause"], LapseCause>> = {
  edited: LapseCause.EDITED,
  not_eligible: LapseCause.NOT_ELIGIBLE,
  same_human: LapseCause.SAME_HUMAN,
};

/** The payload of an event as its message. */
export function toEventMessage(event: ActionEvent): DecodedEvent {
  const { type } = event;
  switch (type) {
    case "ActionRequested":
      return requested(event);
    case "VerdictReached": {
      const { verdict, policyDigest, digest } = event;
      const data = { verdict: toVerdictMessage(verdict), policyDigest: fromHex(policyDigest), digest: fromHex(digest) };
      return { type, data: create(EVENT_SCHEMAS[type], data) };
    }
    case "ReviewOpened":
      return { type, data: create(EVENT_SCHEMAS[type], { stages: event.stages.map(toStageMessage), ...times(event) }) };
    case "StageOpened":
      return { type, data: create(EVENT_SCHEMAS[type], { stage: event.stage, ...times(event) }) };
    case "ReviewerReminded":
      return reminded(event);
    case "ReviewEscalated":
      return { type, data: create(EVENT_SCHEMAS[type], { stage: event.stage, ...times(event) }) };
    case "ReviewHeld":
      return { type, data: create(EVENT_SCHEMAS[type], { stage: event.stage }) };
    case "ReviewJoined": {
      const { number, digest, input } = event;
      return { type, data: create(EVENT_SCHEMAS[type], { number, digest: fromHex(digest), ...content("input", input) }) };
    }
    case "VoteCast":
      return voteCast(event);
    case "VoteLapsed":
      return lapsed(event);
    case "ActionEdited":
      return edited(event);
    case "EditAccepted":
      return { type, data: create(EVENT_SCHEMAS[type], { digest: fromHex(event.digest) }) };
    case "ActionApproved":
      return { type, data: create(EVENT_SCHEMAS[type], { digest: fromHex(event.digest) }) };
    case "ActionRejected":
      return { type, data: create(EVENT_SCHEMAS[type], { digest: fromHex(event.digest) }) };
    case "ActionExpired":
      return { type, data: create(EVENT_SCHEMAS[type]) };
    case "ActionCancelled":
      return { type, data: create(EVENT_SCHEMAS[type], content("reason", event.reason)) };
    case "BreakGlassUsed":
      return glassBroken(event);
    case "AfterReviewReminded":
      return { type, data: create(EVENT_SCHEMAS[type], { number: event.number, nextTime: timestampFromMs(event.nextAt) }) };
    case "AfterReviewClosed":
      return afterReviewClosed(event);
    case "CommentAdded":
      return commented(event);
    case "ReviewClaimed":
      return claimed(event);
    case "ClaimReleased":
      return { type, data: create(EVENT_SCHEMAS[type], { reviewer: toRefMessage(event.reviewer) }) };
    default:
      return toGrantMessage(event);
  }
}

type OfGrants =
  | "GrantIssued"
  | "GrantRedeemed"
  | "GrantExpired"
  | "GrantRevoked"
  | "ExecutionReported"
  | "ExecutionUnreported"
  | "ContentErased";

/** What becomes of a grant, and of contents. */
function toGrantMessage(event: Extract<ActionEvent, { type: OfGrants }>): DecodedEvent {
  const { type } = event;
  switch (type) {
    case "GrantIssued":
      return grantIssued(event);
    case "GrantRedeemed":
      return redeemed(event);
    case "GrantExpired":
      return { type, data: create(EVENT_SCHEMAS[type], { grantId: event.grantId }) };
    case "GrantRevoked":
      return { type, data: create(EVENT_SCHEMAS[type], { grantId: event.grantId, ...content("reason", event.reason) }) };
    case "ExecutionReported":
      return reported(event);
    case "ExecutionUnreported":
      return { type, data: create(EVENT_SCHEMAS[type]) };
    case "ContentErased":
      return contentErased(event);
    default:
      return event satisfies never;
  }
}

function times({ deadline, nextAt }: { readonly deadline: number; readonly nextAt: number }) {
  return { deadline: timestampFromMs(deadline), nextTime: timestampFromMs(nextAt) };
}

function requested({ type, requester, operation, input, deadline }: ActionRequested): DecodedEvent {
  const data = { requester: toPrincipalMessage(requester), ...operation, ...content("input", input), deadline: timestampFromMs(deadline) };
  return { type, data: create(EVENT_SCHEMAS[type], data) };
}

function edited({ type, editor, standing, previousDigest, input, reason, deadline }: ActionEdited): DecodedEvent {
  const who = { editor: toPrincipalMessage(editor), standing: toStandingMessage(standing) };
  const what = { previousDigest: fromHex(previousDigest), ...content("input", input), ...content("reason", reason) };
  return { type, data: create(EVENT_SCHEMAS[type], { ...who, ...what, deadline: timestampFromMs(deadline) }) };
}

function voteCast({
  type,
  reviewer,
  standing,
  decision,
  digest,
  shownDigest,
  stage,
  reason,
  keyId,
  signature,
  haste,
}: VoteCast): DecodedEvent {
  const data = {
    reviewer: toPrincipalMessage(reviewer),
    standing: toStandingMessage(standing),
    decision: decision === "approve" ? VoteDecision.APPROVE : VoteDecision.REJECT,
    digest: fromHex(digest),
    shownDigest: fromHex(shownDigest),
    stage,
    keyId,
    signature: fromHex(signature),
    ...(haste && { haste }),
  };
  return { type, data: create(EVENT_SCHEMAS[type], { ...data, ...content("reason", reason) }) };
}

function glassBroken({ type, reviewer, standing, digest, shownDigest, stage, skipped, reason, ...rest }: BreakGlassUsed): DecodedEvent {
  const data = {
    reviewer: toPrincipalMessage(reviewer),
    standing: toStandingMessage(standing),
    digest: fromHex(digest),
    shownDigest: fromHex(shownDigest),
    stage,
    skipped: [...skipped],
    keyId: rest.keyId,
    signature: fromHex(rest.signature),
    nextTime: timestampFromMs(rest.nextAt),
  };
  return { type, data: create(EVENT_SCHEMAS[type], { ...data, ...content("reason", reason) }) };
}

function afterReviewClosed({ type, reviewer, standing, finding, reason }: AfterReviewClosed): DecodedEvent {
  const who = { reviewer: toPrincipalMessage(reviewer), standing: toStandingMessage(standing) };
  return { type, data: create(EVENT_SCHEMAS[type], { ...who, finding: FINDINGS[finding], ...content("reason", reason) }) };
}

function reminded({ type, stage, number, nextAt, claimedBy }: ReviewerReminded): DecodedEvent {
  const claimant = claimedBy && { claimedBy: toRefMessage(claimedBy) };
  return { type, data: create(EVENT_SCHEMAS[type], { stage, number, nextTime: timestampFromMs(nextAt), ...claimant }) };
}

function commented({ type, number, kind, author, standing, text, question }: CommentAdded): DecodedEvent {
  const who = { author: toPrincipalMessage(author), ...(standing && { standing: toStandingMessage(standing) }) };
  return { type, data: create(EVENT_SCHEMAS[type], { number, kind: COMMENT_KINDS[kind], ...who, ...content("text", text), question }) };
}

function claimed({ type, reviewer, standing, expiresAt }: ReviewClaimed): DecodedEvent {
  const who = { reviewer: toPrincipalMessage(reviewer), standing: toStandingMessage(standing) };
  return { type, data: create(EVENT_SCHEMAS[type], { ...who, expireTime: timestampFromMs(expiresAt) }) };
}

function lapsed({ type, reviewer, digest, cause }: VoteLapsed): DecodedEvent {
  const data = { reviewer: toRefMessage(reviewer), digest: fromHex(digest), cause: CAUSES[cause] };
  return { type, data: create(EVENT_SCHEMAS[type], data) };
}

function reported({ type, outcome, outputDigest, message }: ExecutionReported): DecodedEvent {
  const how = outcome === "succeeded" ? ExecutionOutcome.SUCCEEDED : ExecutionOutcome.FAILED;
  const data = { outcome: how, outputDigest: fromHex(outputDigest), ...content("message", message) };
  return { type, data: create(EVENT_SCHEMAS[type], data) };
}

function redeemed({ type, grantId, principal, reportDeadline }: GrantRedeemed): DecodedEvent {
  const data = { grantId, principal: toRefMessage(principal), reportDeadline: timestampFromMs(reportDeadline) };
  return { type, data: create(EVENT_SCHEMAS[type], data) };
}

function contentErased({ type, digests, reason }: ContentErased): DecodedEvent {
  return { type, data: create(EVENT_SCHEMAS[type], { digests: digests.map(fromHex), ...content("reason", reason) }) };
}

function grantIssued({ type, grantId, principal, digest, issuedAt, expiresAt, keyId, tokenDigest }: GrantIssued): DecodedEvent {
  const data = {
    grantId,
    principal: toRefMessage(principal),
    digest: fromHex(digest),
    issueTime: timestampFromMs(issuedAt),
    expireTime: timestampFromMs(expiresAt),
    keyId,
    tokenDigest: fromHex(tokenDigest),
  };
  return { type, data: create(EVENT_SCHEMAS[type], data) };
}

function content<Field extends "input" | "reason" | "message" | "text">(
  field: Field,
  digest: Hex | undefined,
): { [Name in Field]?: { digest: Uint8Array } } {
  const reference: { [Name in "input" | "reason" | "message" | "text"]?: { digest: Uint8Array } } = {};
  if (digest !== undefined) reference[field] = { digest: fromHex(digest) };
  return reference;
}
