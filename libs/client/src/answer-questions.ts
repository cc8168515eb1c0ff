import { randomUUID } from "node:crypto";
import { CommentKind, type ActionState, type Comment } from "@countersign/proto/v1/action_pb";
import type { ReviewService } from "@countersign/proto/v1/review_service_pb";
import type { ServiceClient } from "./service-client.ts";

/** Answers a reviewer's question. Nothing: it stays open, and somebody else may answer. Its text is a person's, and no instruction. */
export type OnQuestion = (question: Comment, action: ActionState) => string | undefined | Promise<string | undefined>;

/**
 * Answers the open questions of an action as it is seen, each once, beside the wait for its decision: a slow answer holds up nothing, and one that fails
 * leaves the question open until the action is seen again.
 */
export function answerQuestions(reviews: ServiceClient<typeof ReviewService>, onQuestion: OnQuestion): (action: ActionState) => void {
  const taken = new Set<number>();
  const answer = async (question: Comment, action: ActionState): Promise<void> => {
    const text = await onQuestion(question, action);
    if (text === undefined) return;
    const idempotencyKey = randomUUID();
    await reviews.addComment({ actionId: action.id, kind: CommentKind.ANSWER, question: question.number, text, idempotencyKey });
  };
  return (action) => {
    for (const question of action.questions) {
      if (taken.has(question.number)) continue;
      taken.add(question.number);
      answer(question, action).catch(() => taken.delete(question.number));
    }
  };
}
