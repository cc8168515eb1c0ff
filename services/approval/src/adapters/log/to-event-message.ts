import type { EncodableEvent } from "@countersign/events";
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
import { encodedPrincipal, toRefMessage } from "../wire/principal-message.ts";
import { encodedStage } from "../wire/stage-message.ts";
import { encodedVerdict } from "../wire/verdict-message.ts";
import { toStandingMessage } from "./standing-message.ts";

const CAUSES: Readonly<Record<VoteLapsed["cause"], LapseCause>> = {
  edited: LapseCause.EDITED,
  not_eligible: LapseCause.NOT_ELIGIBLE,
  same_human: LapseCause.SAME_HUMAN,
};

/** The payload of an event as its message. */
export function toEventMessage(event: ActionEvent): EncodableEvent {
  const { type } = event;
  switch (type) {
    case "ActionRequested":
      return requested(event);
    case "VerdictReached": {
      const { verdict, policyDigest, digest } = event;
      const data = { verdict: encodedVerdict(verdict), policyDigest: fromHex(policyDigest), digest: fromHex(digest) };
      return { type, data };
    }
    case "ReviewOpened":
      return {
        type,
        data: { stages: event.stages.map(encodedStage), ...times(event), unknownCausers: event.unknownCausers.map(toRefMessage) },
      };
    case "StageOpened":
      return { type, data: { stage: event.stage, ...times(event) } };
    case "ReviewerReminded":
      return reminded(event);
    case "ReviewEscalated":
      return { type, data: { stage: event.stage, ...times(event) } };
    case "ReviewHeld":
      return { type, data: { stage: event.stage } };
    case "ReviewJoined": {
      const { number, digest, input } = event;
      return { type, data: { number, digest: fromHex(digest), ...content("input", input) } };
    }
    case "VoteCast":
      return voteCast(event);
    case "VoteLapsed":
      return lapsed(event);
    case "ActionEdited":
      return edited(event);
    case "EditAccepted":
      return { type, data: { digest: fromHex(event.digest) } };
    case "ActionApproved":
      return { type, data: { digest: fromHex(event.digest) } };
    case "ActionRejected":
      return { type, data: { digest: fromHex(event.digest) } };
    case "ActionExpired":
      return { type, data: {} };
    case "ActionCancelled":
      return { type, data: content("reason", event.reason) };
    case "BreakGlassUsed":
      return glassBroken(event);
    case "AfterReviewReminded":
      return { type, data: { number: event.number, nextTime: event.nextAt } };
    case "AfterReviewClosed":
      return afterReviewClosed(event);
    case "CommentAdded":
      return commented(event);
    case "ReviewClaimed":
      return claimed(event);
    case "ClaimReleased":
      return { type, data: { reviewer: toRefMessage(event.reviewer) } };
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
function toGrantMessage(event: Extract<ActionEvent, { type: OfGrants }>): EncodableEvent {
  const { type } = event;
  switch (type) {
    case "GrantIssued":
      return grantIssued(event);
    case "GrantRedeemed":
      return redeemed(event);
    case "GrantExpired":
      return { type, data: { grantId: event.grantId } };
    case "GrantRevoked":
      return { type, data: { grantId: event.grantId, ...content("reason", event.reason) } };
    case "ExecutionReported":
      return reported(event);
    case "ExecutionUnreported":
      return { type, data: {} };
    case "ContentErased":
      return contentErased(event);
    default:
      return event satisfies never;
  }
}

function times({ deadline, nextAt }: { readonly deadline: number; readonly nextAt: number }) {
  return { deadline, nextTime: nextAt };
}

function requested({ type, requester, operation, input, deadline }: ActionRequested): EncodableEvent {
  const data = { requester: encodedPrincipal(requester), ...operation, ...content("input", input), deadline };
  return { type, data };
}

function edited({ type, editor, standing, previousDigest, input, reason, deadline }: ActionEdited): EncodableEvent {
  const who = { editor: encodedPrincipal(editor), standing: toStandingMessage(standing) };
  const what = { previousDigest: fromHex(previousDigest), ...content("input", input), ...content("reason", reason) };
  return { type, data: { ...who, ...what, deadline } };
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
}: VoteCast): EncodableEvent {
  const data = {
    reviewer: encodedPrincipal(reviewer),
    standing: toStandingMessage(standing),
    decision: decision === "approve" ? VoteDecision.APPROVE : VoteDecision.REJECT,
    digest: fromHex(digest),
    shownDigest: fromHex(shownDigest),
    stage,
    keyId,
    signature: fromHex(signature),
    ...(haste && { haste }),
  };
  return { type, data: { ...data, ...content("reason", reason) } };
}

function glassBroken({ type, reviewer, standing, digest, shownDigest, stage, skipped, reason, ...rest }: BreakGlassUsed): EncodableEvent {
  const data = {
    reviewer: encodedPrincipal(reviewer),
    standing: toStandingMessage(standing),
    digest: fromHex(digest),
    shownDigest: fromHex(shownDigest),
    stage,
    skipped,
    keyId: rest.keyId,
    signature: fromHex(rest.signature),
    nextTime: rest.nextAt,
  };
  return { type, data: { ...data, ...content("reason", reason) } };
}

function afterReviewClosed({ type, reviewer, standing, finding, reason }: AfterReviewClosed): EncodableEvent {
  const who = { reviewer: encodedPrincipal(reviewer), standing: toStandingMessage(standing) };
  return { type, data: { ...who, finding: FINDINGS[finding], ...content("reason", reason) } };
}

function reminded({ type, stage, number, nextAt, claimedBy }: ReviewerReminded): EncodableEvent {
  const claimant = claimedBy && { claimedBy: toRefMessage(claimedBy) };
  return { type, data: { stage, number, nextTime: nextAt, ...claimant } };
}

function commented({ type, number, kind, author, standing, text, question }: CommentAdded): EncodableEvent {
  const who = { author: encodedPrincipal(author), ...(standing && { standing: toStandingMessage(standing) }) };
  return { type, data: { number, kind: COMMENT_KINDS[kind], ...who, ...content("text", text), question } };
}

function claimed({ type, reviewer, standing, expiresAt }: ReviewClaimed): EncodableEvent {
  const who = { reviewer: encodedPrincipal(reviewer), standing: toStandingMessage(standing) };
  return { type, data: { ...who, expireTime: expiresAt } };
}

function lapsed({ type, reviewer, digest, cause }: VoteLapsed): EncodableEvent {
  const data = { reviewer: toRefMessage(reviewer), digest: fromHex(digest), cause: CAUSES[cause] };
  return { type, data };
}

function reported({ type, outcome, outputDigest, message }: ExecutionReported): EncodableEvent {
  const how = outcome === "succeeded" ? ExecutionOutcome.SUCCEEDED : ExecutionOutcome.FAILED;
  const data = { outcome: how, outputDigest: fromHex(outputDigest), ...content("message", message) };
  return { type, data };
}

function redeemed({ type, grantId, principal, reportDeadline }: GrantRedeemed): EncodableEvent {
  const data = { grantId, principal: toRefMessage(principal), reportDeadline: reportDeadline };
  return { type, data };
}

function contentErased({ type, digests, reason }: ContentErased): EncodableEvent {
  return { type, data: { digests: digests.map(fromHex), ...content("reason", reason) } };
}

function grantIssued({ type, grantId, principal, digest, issuedAt, expiresAt, keyId, tokenDigest }: GrantIssued): EncodableEvent {
  const data = {
    grantId,
    principal: toRefMessage(principal),
    digest: fromHex(digest),
    issueTime: issuedAt,
    expireTime: expiresAt,
    keyId,
    tokenDigest: fromHex(tokenDigest),
  };
  return { type, data };
}

function content<Field extends "input" | "reason" | "message" | "text">(
  field: Field,
  digest: Hex | undefined,
): { [Name in Field]?: { digest: Uint8Array } } {
  const reference: { [Name in "input" | "reason" | "message" | "text"]?: { digest: Uint8Array } } = {};
  if (digest !== undefined) reference[field] = { digest: fromHex(digest) };
  return reference;
}
