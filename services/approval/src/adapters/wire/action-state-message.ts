import type { Fields } from "@countersign/events";
import { ActionStatus, AfterReviewState, type ActionStateSchema, type ReviewProgressSchema } from "@countersign/proto/v1/action_pb";
import { countingVotes } from "../../domain/votes.ts";
import type { InReview, RecordedAction } from "../../domain/state.ts";
import { inputOf } from "../../usecases/content.ts";
import type { ActionView } from "../../usecases/ports.ts";
import { fromHex } from "./bytes.ts";
import { openQuestions, toClaimMessage } from "./comment-message.ts";
import { toRefMessage } from "./principal-message.ts";
import { reasonsOf } from "./reasons-of.ts";

/** Where the action is, for whoever commands it or waits for it; what is erased is empty. */
export function toActionStateMessage({
  ref,
  state,
  contents,
}: ActionView & { readonly state: RecordedAction }): Fields<typeof ActionStateSchema> {
  const { ruling } = state;
  const review = "review" in state ? state.review : undefined;
  const salt = contents.get(state.input)?.salt;
  const edited = review !== undefined && review.edits > 0 ? inputOf(contents, state.input)?.input.action.properties : undefined;
  return {
    id: ref.id,
    tenant: ref.tenant,
    status: ActionStatus[state.status],
    version: BigInt(state.version),
    ...(ruling && { digest: fromHex(ruling.digest), bindingContext: ruling.verdict.bindingContext }),
    ...(salt && { salt }),
    updateTime: state.updatedAt,
    reasons: reasonsOf(state, contents),
    ...(edited && { editedProperties: edited }),
    ...(state.status === "IN_REVIEW" && {
      review: progressOf(state),
      questions: openQuestions(state.review.comments, contents),
    }),
    deadline: deadlineOf(state),
    ...(review?.afterReview && { afterReview: review.afterReview.closed ? AfterReviewState.CLOSED : AfterReviewState.OPEN }),
  };
}

function progressOf(state: InReview): Fields<typeof ReviewProgressSchema> {
  const { stages, openStage, claim, unknownCausers } = state.review;
  const stage = stages[openStage];
  return {
    stage: stage?.name ?? "",
    quorumText: stage?.quorumText ?? "",
    approvals: countingVotes(state).filter((vote) => vote.stage === openStage).length,
    ...(claim && { claim: toClaimMessage(claim) }),
    unknownCausers: unknownCausers.map(toRefMessage),
  };
}

function deadlineOf(state: RecordedAction): number | undefined {
  switch (state.status) {
    case "IN_REVIEW":
    case "EDITED":
      return state.review.deadline;
    case "APPROVED":
      return state.grant.expiresAt;
    case "REDEEMED":
      return state.reportDeadline;
    default:
      return undefined;
  }
}
