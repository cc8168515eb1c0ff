import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { ActionSchema, ActionStatus, ExecutionOutcome, VoteDecision, type Action } from "@countersign/proto/v1/action_pb";
import type { ActionState, ActionStatus as Status, Execution, Grant, RecordedAction, Review } from "../../domain/state.ts";
import { inputOf, textOf } from "../../usecases/content.ts";
import type { ActionView, Contents } from "../../usecases/ports.ts";
import { toAfterReviewMessage } from "./after-review-message.ts";
import { fromHex } from "./bytes.ts";
import { toClaimMessage, toCommentMessages } from "./comment-message.ts";
import { inputField } from "./encoded-input.ts";
import { SIGN_INS, toPrincipalMessage, toRefMessage } from "./principal-message.ts";
import { toStageMessage } from "./stage-message.ts";
import { toVerdictMessage } from "./verdict-message.ts";

/** The action as callers see it; what is erased is empty. */
export function toActionMessage({ ref, state, contents }: ActionView & { readonly state: RecordedAction }): Action {
  const { ruling } = state;
  const review = "review" in state ? state.review : undefined;
  const asked = inputOf(contents, state.input);
  const message = create(ActionSchema, {
    id: ref.id,
    tenant: ref.tenant,
    status: STATUSES[state.status],
    version: BigInt(state.version),
    requester: toPrincipalMessage(state.requester),
    requestTime: timestampFromMs(state.requestedAt),
    updateTime: timestampFromMs(state.updatedAt),
    ...(asked && { salt: asked.salt }),
    ...(ruling && {
      digest: fromHex(ruling.digest),
      bindingContext: [...ruling.verdict.bindingContext],
      verdict: toVerdictMessage(ruling.verdict),
    }),
    ...(review && { review: toReviewMessage(review, contents) }),
    ...(review?.afterReview && { afterReview: toAfterReviewMessage(review.afterReview, contents) }),
    ...("grant" in state && { grant: toGrantMessage(state.grant, "redeemedAt" in state ? state.redeemedAt : undefined) }),
    ...("execution" in state && { execution: toExecutionMessage(state.execution, contents) }),
  });
  if (asked !== undefined) message.$unknown = [inputField(ActionSchema.field.input.number, asked.input)];
  return message;
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
    stages: review.stages.map(toStageMessage),
    openStage: review.openStage,
    votes: review.votes.map(({ reviewer, decision, digest, reason, at, lapsed, stage, signIn, standing, haste }) => ({
      reviewer: toRefMessage(reviewer),
      decision: decision === "approve" ? VoteDecision.APPROVE : VoteDecision.REJECT,
      digest: fromHex(digest),
      reason: textOf(contents, reason),
      voteTime: timestampFromMs(at),
      lapsed,
      stage,
      signIn: SIGN_INS[signIn],
      inPlaceOf: standing.inPlaceOf?.person ?? "",
      ...(haste && { haste }),
    })),
    ...(review.deadline !== undefined && { deadline: timestampFromMs(review.deadline) }),
    ...(editor && { editor: toRefMessage(editor.principal) }),
    escalated: review.escalated.includes(review.openStage),
    comments: toCommentMessages(review.comments, contents),
    ...(review.claim && { claim: toClaimMessage(review.claim) }),
    asked: review.asked.times,
  };
}

function toGrantMessage({ id, principal, digest, issuedAt, expiresAt }: Grant, redeemedAt: number | undefined) {
  return {
    id,
    principal: toRefMessage(principal),
    digest: fromHex(digest),
    issueTime: timestampFromMs(issuedAt),
    expireTime: timestampFromMs(expiresAt),
    ...(redeemedAt !== undefined && { redeemTime: timestampFromMs(redeemedAt) }),
  };
}

function toExecutionMessage({ outcome, outputDigest, message, at }: Execution, contents: Contents) {
  return {
    outcome: outcome === "succeeded" ? ExecutionOutcome.SUCCEEDED : ExecutionOutcome.FAILED,
    outputDigest: fromHex(outputDigest),
    message: textOf(contents, message),
    reportTime: timestampFromMs(at),
  };
}

const STATUSES: Readonly<Record<Status, ActionStatus>> = ActionStatus;
