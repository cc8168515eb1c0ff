import type { AddComment } from "./commands.ts";
import { commentingAs } from "./eligibility.ts";
import { isPast } from "./escalation.ts";
import { type CallerRef, type Principal, sameCaller, samePrincipal } from "./principal.ts";
import { type Decision, type Fault, reject, wrongState } from "./rejection.ts";
import type { ActionState, Comment, InReview } from "./state.ts";
import type { Standing } from "./standing.ts";

/** So many by reviewers, and so many by the requester's side: neither can leave the other without a word, or fill the log. */
const MOST_COMMENTS = 50;

/** Somebody writes on the review. It decides nothing: no vote, no deadline and no digest moves by it. */
export function addComment(command: AddComment, state: ActionState): Decision {
  if (state.status === "NONE") return reject("NOT_FOUND");
  if (state.status !== "IN_REVIEW") return wrongState("IN_REVIEW");
  const { at, author, kind, text, question } = command;
  // Questions put no deadline off: who wants more time asks policy for it.
  if (isPast(state.review, at)) return reject("DEADLINE_PASSED");
  const standing = standingOf(state, command);
  if (typeof standing === "string") return reject(standing);
  const { comments } = state.review;
  if (kind === "answer" && !isOpen(comments, question)) return reject("QUESTION_NOT_OPEN");
  const byRequester = standing === undefined;
  if (comments.filter((comment) => comment.byRequester === byRequester).length >= MOST_COMMENTS) return reject("COMMENT_LIMIT");
  return [
    { type: "CommentAdded", at, number: comments.length + 1, kind, author, standing, text, question: kind === "answer" ? question : 0 },
  ];
}

/** As whom a reviewer writes; undefined: as the requester's side. Or why not. Reviewers ask, the requester's side answers. */
function standingOf(state: InReview, { kind, author, standings }: AddComment): Standing | undefined | Fault {
  const asRequester = isRequestersSide(state.requester, author);
  if (kind === "answer") return asRequester ? undefined : "NOT_REQUESTER";
  const standing = commentingAs(state, { reviewer: author, standings });
  return typeof standing === "string" && asRequester && kind === "remark" ? undefined : standing;
}

/**
 * The requester, everybody it acts for or through, each on the rest of the same chain, and its owner in person: the same program on behalf of somebody
 * else is somebody else (P8).
 */
export function isRequestersSide({ issuer, id, chain, owner }: Principal, caller: CallerRef): boolean {
  const links = [{ issuer, id }, ...chain];
  const isLink = links.some((link, index) => sameCaller({ ...link, chain: links.slice(index + 1) }, caller));
  return isLink || (owner !== undefined && caller.chain.length === 0 && samePrincipal(owner, caller));
}

function isOpen(comments: readonly Comment[], number: number): boolean {
  return comments[number - 1]?.kind === "question" && !comments.some(({ question }) => question === number);
}
