import { contentDigest } from "@countersign/digest";
import { isRequestersSide } from "../domain/comments.ts";
import type { CommentKind } from "../domain/values.ts";
import { textContent, toHex, unstored } from "./content.ts";
import { handle, type Handled, type RefusalCode } from "./handle.ts";
import type { ActionRef, ActionView, Bookmark, Caller, Deps } from "./ports.ts";
import { mayRead } from "./read-action.ts";
import { replyCaller } from "./reply-caller.ts";
import { whoSpeaks } from "./who-speaks.ts";

export type NewComment = {
  readonly ref: ActionRef;
  readonly kind: CommentKind;
  readonly text: string;
  /** That it answers; else 0. */
  readonly question: number;
  readonly idempotencyKey: string;
};

export type Commented =
  /** The action as it was with this comment as its last one. */
  { readonly outcome: "recorded"; readonly view: ActionView } | Extract<Handled, { outcome: "refused" | "key_reused" | "lost_race" }>;

/** What a retry meets because the first attempt counted, or because the review went on since. */
const AFTER_THE_FIRST: ReadonlySet<RefusalCode> = new Set(["WRONG_STATE", "DEADLINE_PASSED", "QUESTION_NOT_OPEN", "COMMENT_LIMIT"]);

/** Records what a reviewer or the requester's side writes on a review, once for each key. */
export async function addComment(deps: Deps, { principal: author, traceparent }: Caller, comment: NewComment): Promise<Commented> {
  const { ref, kind, question } = comment;
  const content = textContent(comment.text);
  if (content === undefined) throw new Error("a comment has a text");
  const idempotency = { caller: replyCaller("AddComment", author), key: comment.idempotencyKey };
  const handled = await handle(deps.store, ref, { actor: author, traceparent }, async ({ state, contents }) => {
    // P8: who may not see it does not learn that it exists.
    if (state.status === "NONE" || !(mayRead(state, author) || isRequestersSide(state.requester, author))) return { refusal: "NOT_FOUND" };
    const at = deps.clock().getTime();
    const speakers = await whoSpeaks(deps, author, state, at);
    if (speakers === undefined) return { refusal: "DIRECTORY_UNREACHABLE" };
    return {
      command: { type: "AddComment", at, author, standings: speakers.standings, kind, text: toHex(content.digest), question },
      contents: unstored(contents, content),
      idempotency,
    };
  });
  switch (handled.outcome) {
    case "done":
      return { outcome: "recorded", view: handled.view };
    case "replayed":
      return repeat(deps, comment, handled.bookmark);
    case "unchanged":
      throw new Error("a comment was taken for a repetition");
    case "refused": {
      const earlier = AFTER_THE_FIRST.has(handled.code) ? await deps.store.findReply({ tenant: ref.tenant, ...idempotency }) : undefined;
      if (earlier?.outcome === "replayed") return repeat(deps, comment, earlier.bookmark);
      return earlier ?? handled;
    }
    default:
      return handled;
  }
}

/** What was recorded under this key, if it is this very comment. Its text is compared under the salt of the recorded one. */
async function repeat(deps: Deps, comment: NewComment, bookmark: Bookmark): Promise<Commented> {
  if (bookmark.ref.id !== comment.ref.id) return { outcome: "key_reused" };
  const { view } = await deps.store.asOf(bookmark);
  const recorded = "review" in view.state ? view.state.review?.comments.at(-1) : undefined;
  if (recorded?.kind !== comment.kind || recorded.question !== comment.question) return { outcome: "key_reused" };
  const stored = view.contents.get(recorded.text);
  if (stored === undefined) return { outcome: "refused", code: "CONTENT_ERASED" };
  const same = toHex(contentDigest(stored.salt, Buffer.from(comment.text))) === recorded.text;
  return same ? { outcome: "recorded", view } : { outcome: "key_reused" };
}
