import type { Fields } from "@countersign/events";
import { type ActionSchema, ActionStatus, ExecutionOutcome, VoteDecision } from "@countersign/proto/v1/action_pb";
import type { ActionState, ActionStatus as Status, Execution, Grant, RecordedAction, Review } from "../../domain/state.ts";
import { inputOf, textOf } from "../../usecases/content.ts";
import type { ActionView, Contents } from "../../usecases/ports.ts";
import { toAfterReviewMessage } from "./after-review-message.ts";
import { fromHex } from "./bytes.ts";
import { toClaimMessage, toCommentMessages } from "./comment-message.ts";
import { encodedInput } from "./encoded-input.ts";
import { encodedPrincipal, SIGN_INS, toRefMessage } from "./principal-message.ts";
import { reasonsOf } from "./reasons-of.ts";
import { encodedStage } from "./stage-message.ts";
import { encodedVerdict } from "./verdict-message.ts";

/** The action as callers see it; what is erased is empty. */
export function toActionMessage({ ref, state, contents }: ActionView & { readonly state: RecordedAction }): Fields<typeof ActionSchema> {
  const { ruling } = state;
  const review = "review" in state ? state.review : undefined;
  const asked = inputOf(contents, state.input);
  return {
    id: ref.id,
    tenant: ref.tenant,
    status: STATUSES[state.status],
    version: BigInt(state.version),
    requester: encodedPrincipal(state.requester),
    requestTime: state.requestedAt,
    updateTime: state.updatedAt,
    reasons: reasonsOf(state, contents),
    ...(asked && { salt: asked.salt, input: encodedInput(asked.input) }),
    ...(ruling && {
      digest: fromHex(ruling.digest),
      bindingContext: ruling.verdict.bindingContext,
      verdict: encodedVerdict(ruling.verdict),
    }),
    ...(review && { review: toReviewMessage(review, contents) }),
    ...(review?.afterReview && { afterReview: toAfterReviewMessage(review.afterReview, contents) }),
    ...("grant" in state && { grant: toGrantMessage(state.grant, "redeemedAt" in state ? state.redeemedAt : undefined) }),
    ...("execution" in state && { execution: toExecutionMessage(state.execution, contents) }),
  };
}

export function isRecorded(view: ActionView): view is ActionView & { readonly state: RecordedAction } {
  return isRecordedState(view.state);
}

function isRecordedState(state: ActionState): state is RecordedAction {
  return state.status !== "NONE";
}

function toReviewMessage(review: Review, contents: Contents) {
  const editor = review.editors.at(-1);
  return {
    stages: review.stages.map(encodedStage),
    openStage: review.openStage,
    votes: review.votes.map(({ reviewer, decision, digest, reason, at, lapsed, stage, signIn, standing, haste }) => ({
      reviewer: toRefMessage(reviewer),
      decision: decision === "approve" ? VoteDecision.APPROVE : VoteDecision.REJECT,
      digest: fromHex(digest),
      reason: textOf(contents, reason),
      voteTime: at,
      lapsed,
      stage,
      signIn: SIGN_INS[signIn],
      inPlaceOf: standing.inPlaceOf?.person ?? "",
      ...(haste && { haste }),
    })),
    deadline: review.deadline,
    ...(editor && { editor: toRefMessage(editor.principal) }),
    escalated: review.escalated.includes(review.openStage),
    comments: toCommentMessages(review.comments, contents),
    ...(review.claim && { claim: toClaimMessage(review.claim) }),
    asked: review.asked.times,
    unknownCausers: review.unknownCausers.map(toRefMessage),
  };
}

function toGrantMessage({ id, principal, digest, issuedAt, expiresAt }: Grant, redeemedAt: number | undefined) {
  return {
    id,
    principal: toRefMessage(principal),
    digest: fromHex(digest),
    issueTime: issuedAt,
    expireTime: expiresAt,
    redeemTime: redeemedAt,
  };
}

function toExecutionMessage({ outcome, outputDigest, message, at }: Execution, contents: Contents) {
  return {
    outcome: outcome === "succeeded" ? ExecutionOutcome.SUCCEEDED : ExecutionOutcome.FAILED,
    outputDigest: fromHex(outputDigest),
    message: textOf(contents, message),
    reportTime: at,
  };
}

const STATUSES: Readonly<Record<Status, ActionStatus>> = ActionStatus;
