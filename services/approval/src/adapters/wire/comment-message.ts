import type { Fields } from "@countersign/events";
import { CommentKind, type CommentSchema, type ReviewClaimSchema } from "@countersign/proto/v1/action_pb";
import type { Claim, Comment } from "../../domain/state.ts";
import type { CommentKind as Kind } from "../../domain/values.ts";
import { textOf } from "../../usecases/content.ts";
import type { Contents } from "../../usecases/ports.ts";
import { toRefMessage } from "./principal-message.ts";

export const COMMENT_KINDS: Readonly<Record<Kind, CommentKind>> = {
  remark: CommentKind.REMARK,
  question: CommentKind.QUESTION,
  answer: CommentKind.ANSWER,
};

/** Undefined for a kind that this build does not know. */
export function fromCommentKind(kind: CommentKind): Kind | undefined {
  if (kind === CommentKind.REMARK) return "remark";
  if (kind === CommentKind.QUESTION) return "question";
  return kind === CommentKind.ANSWER ? "answer" : undefined;
}

/** All comments of an action; a question names its answer. */
export function toCommentMessages(comments: readonly Comment[], contents: Contents): Fields<typeof CommentSchema>[] {
  const answers = new Map(comments.map(({ question, number }) => [question, number]));
  return comments.map(({ number, kind, author, byRequester, text, question, at }) => ({
    number,
    kind: COMMENT_KINDS[kind],
    author: toRefMessage(author),
    byRequester,
    text: textOf(contents, text),
    commentTime: at,
    question,
    answer: kind === "question" ? (answers.get(number) ?? 0) : 0,
  }));
}

/** Those that wait for an answer. */
export function openQuestions(comments: readonly Comment[], contents: Contents): Fields<typeof CommentSchema>[] {
  const answered = new Set(comments.map(({ question }) => question));
  return toCommentMessages(
    comments.filter(({ kind, number }) => kind === "question" && !answered.has(number)),
    contents,
  );
}

export function toClaimMessage({ reviewer, at, expiresAt }: Claim): Fields<typeof ReviewClaimSchema> {
  return { reviewer: toRefMessage(reviewer), claimTime: at, expireTime: expiresAt };
}
