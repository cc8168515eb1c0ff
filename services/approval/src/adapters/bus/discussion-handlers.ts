import type { CommandHandler } from "@countersign/bus";
import { encodeMessage } from "@countersign/events";
import {
  AddCommentRequestSchema,
  type AddCommentRequest,
  AddCommentResponseSchema,
  ClaimReviewRequestSchema,
  type ClaimReviewRequest,
  ClaimReviewResponseSchema,
  ReleaseReviewRequestSchema,
  type ReleaseReviewRequest,
  ReleaseReviewResponseSchema,
} from "@countersign/proto/v1/review_service_pb";
import { claimReview, releaseReview } from "../../usecases/claim-review.ts";
import { addComment, type NewComment } from "../../usecases/comments.ts";
import type { ActionView, Caller, Deps } from "../../usecases/ports.ts";
import { fromCommentKind, toCommentMessages } from "../wire/comment-message.ts";
import { settled } from "./answers.ts";
import { call } from "./call.ts";
import { failure, fieldViolation, limited, refused } from "./failures.ts";

/** What people do about a review without deciding it: they write on it, and say that they are looking at it. */
export function discussionHandlers(deps: Deps): Readonly<Record<string, CommandHandler>> {
  return {
    AddComment: call(AddCommentRequestSchema, (request, caller) => comment(deps, request, caller)),
    ClaimReview: call(ClaimReviewRequestSchema, (request, caller) => claim(deps, request, caller)),
    ReleaseReview: call(ReleaseReviewRequestSchema, (request, caller) => release(deps, request, caller)),
  };
}

export async function comment(deps: Deps, request: AddCommentRequest, caller: Caller): Promise<Uint8Array> {
  const commented = await addComment(deps, caller, toComment(request, caller.principal.tenant));
  if (commented.outcome === "refused") throw refused(commented);
  if (commented.outcome !== "recorded") throw failure(commented.outcome === "key_reused" ? "KEY_REUSED" : "LOST_RACE");
  return encodeMessage(AddCommentResponseSchema, answer(commented.view));
}

export async function claim(deps: Deps, { actionId }: ClaimReviewRequest, caller: Caller): Promise<Uint8Array> {
  const handled = await claimReview(deps, caller, { tenant: caller.principal.tenant, id: actionId });
  return encodeMessage(ClaimReviewResponseSchema, { action: settled(handled) });
}

export async function release(deps: Deps, { actionId }: ReleaseReviewRequest, caller: Caller): Promise<Uint8Array> {
  const handled = await releaseReview(deps, caller, { tenant: caller.principal.tenant, id: actionId });
  return encodeMessage(ReleaseReviewResponseSchema, { action: settled(handled) });
}

function toComment({ actionId, kind: kindMessage, text, question, idempotencyKey }: AddCommentRequest, tenant: string): NewComment {
  const kind = fromCommentKind(kindMessage);
  if (kind === undefined) throw fieldViolation("kind", "must be REMARK, QUESTION or ANSWER");
  if ((kind === "answer") !== question > 0) throw fieldViolation("question", "must name the question in an answer, and be 0 otherwise");
  if (text.trim() === "") throw fieldViolation("text", "must say something");
  if (idempotencyKey === "") throw fieldViolation("idempotency_key", "is required");
  return { ref: { tenant, id: actionId }, kind, text: limited("text", text), question, idempotencyKey };
}

/** Only what was written, and no more of the action: whoever the requester acts for may write and need not see the rest. */
function answer({ state, contents }: ActionView) {
  const comments = "review" in state ? toCommentMessages(state.review?.comments ?? [], contents) : [];
  const written = comments.at(-1);
  return { ...(written && { comment: written }), version: BigInt(state.version) };
}
