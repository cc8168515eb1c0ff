import { moment } from "./moment.ts";
import { withoutSecrets } from "./redaction.ts";
import type { DecidedOn, PrincipalName, ReviewClaim, ReviewComment, ReviewInput, ReviewSource, ReviewVote } from "./review-source.ts";
import { showMembers, type ShownMembers } from "./shown-members.ts";
import { showText, type ShownText, type TextLimit } from "./shown-text.ts";

/** A labelled text. The label is ours, the text may be anybody's. */
export type Fact = { readonly label: string; readonly value: ShownText };

/** What somebody said about a review, harmless on one line. It is never a fact, whoever said it. */
export type ShownComment = {
  readonly number: number;
  readonly kind: ReviewComment["kind"];
  readonly side: "reviewer" | "requester";
  /** Of an answer, the number of its question; else 0. */
  readonly question: number;
  /** A question that nobody has answered. */
  readonly open: boolean;
  readonly author: ShownText;
  readonly text: ShownText;
};

/** `more`: how many found no room. */
export type ShownComments = { readonly comments: readonly ShownComment[]; readonly more: number };

export function titleOf({ id, input }: DecidedOn, limit: TextLimit): ShownText {
  const title = input === undefined ? `action ${id}` : `${input.action.name} on ${input.resource.type} ${input.resource.id}`;
  return showWithoutSecrets(title, limit);
}

/** What the digest covers. */
export function parametersOf({ input, bindingContext }: DecidedOn, limit: TextLimit, most: number): ShownMembers {
  return showMembers(input === undefined ? [] : coveredByDigest(input, bindingContext), limit, most);
}

/** What the requester says beside it. */
export function claimsOf({ input, bindingContext }: DecidedOn, limit: TextLimit, most: number): ShownMembers {
  return showMembers(input === undefined ? [] : notCovered(input, bindingContext), limit, most);
}

function coveredByDigest(input: ReviewInput, bindingContext: readonly string[]) {
  const bound = Object.entries(input.context).filter(([name]) => bindingContext.includes(name));
  return [
    ["action", input.action.name] as const,
    ["parameters", input.action.properties] as const,
    ["resource", shownEntity(input.resource)] as const,
    ["subject", shownEntity(input.subject)] as const,
    ...(bound.length > 0 ? [["context", Object.fromEntries(bound)] as const] : []),
  ];
}

function notCovered(input: ReviewInput, bindingContext: readonly string[]) {
  return Object.entries(input.context).filter(([name]) => !bindingContext.includes(name));
}

/** A resource or a subject; properties that are none are not shown. */
function shownEntity({ type, id, properties }: ReviewInput["resource"]) {
  return Object.keys(properties).length > 0 ? { type, id, properties } : { type, id };
}

/** Who asked, which rule asks people, and why. */
export function aboutRequest(source: DecidedOn, limit: TextLimit): Fact[] {
  const fact = (label: string, text: string): Fact => ({ label, value: showWithoutSecrets(text, limit) });
  const { requester, verdict, review } = source;
  return [
    ...(requester === undefined ? [] : [fact("requested by", `${requester.type} ${nameOf(requester)}`)]),
    ...(requester?.chain ?? []).map((principal) => fact("acting for", nameOf(principal))),
    ...(requester?.owner === undefined ? [] : [fact("owner", nameOf(requester.owner))]),
    ...(verdict === undefined
      ? []
      : [fact("policy", `revision ${verdict.revision}, ${verdict.rule === "" ? "no rule" : `rule ${verdict.rule}`}`)]),
    ...(verdict?.reasons ?? []).map((reason) => fact("because", reason)),
    ...riskFacts(verdict?.risk ?? []).map((text) => fact("risk", text)),
    ...(review?.editor === undefined ? [] : [fact("edited by", nameOf(review.editor))]),
  ];
}

/** Who made something else of it than it was at first, while that matters to somebody. */
export function editorOf({ status, review }: ReviewSource, limit: TextLimit): ShownText | undefined {
  if (review?.editor === undefined || (status !== "edited" && status !== "in review")) return undefined;
  return showWithoutSecrets(nameOf(review.editor), limit);
}

/** Who decided so far, who is looking, and who decided alone. */
export function voteFacts({ status, review, afterReview }: ReviewSource, limit: TextLimit): Fact[] {
  const claim = status === "in review" ? review?.claim : undefined;
  const asked = review?.asked ?? 1;
  return [
    ...(asked > 1 ? [{ label: "asked for", value: showText(`${asked} times, by the same requester`, limit) }] : []),
    ...(review?.votes ?? []).map((vote) => ({ label: voteLabel(vote), value: showWithoutSecrets(voteText(vote), limit) })),
    ...(claim === undefined ? [] : [{ label: "claimed by", value: showWithoutSecrets(claimText(claim), limit) }]),
    ...afterReviewFacts(afterReview, limit),
  ];
}

/** Until when it is known, whether it is over is not: nothing here has a clock. */
function claimText({ reviewer, until }: ReviewClaim): string {
  return `${nameOf(reviewer)} until ${moment(until)}; others may decide as well`;
}

/** The newest ones, open questions before others: what somebody still waits for. How many found no room is said. */
export function commentsOf({ review }: ReviewSource, limit: TextLimit, most: number): ShownComments {
  const comments = review?.comments ?? [];
  const byWeight = comments.toSorted((one, other) => Number(isOpen(other)) - Number(isOpen(one)) || other.number - one.number);
  const shown = byWeight.slice(0, most).toSorted((one, other) => one.number - other.number);
  return { comments: shown.map((comment) => showComment(comment, limit)), more: comments.length - shown.length };
}

function showComment(comment: ReviewComment, limit: TextLimit): ShownComment {
  const { number, kind, byRequester, question, text } = comment;
  return {
    number,
    kind,
    side: byRequester ? "requester" : "reviewer",
    question,
    open: isOpen(comment),
    author: showWithoutSecrets(nameOf(comment.author), limit),
    text: text === "" ? { text: "(erased)", notes: [] } : showWithoutSecrets(text, limit),
  };
}

function isOpen({ kind, answer }: ReviewComment): boolean {
  return kind === "question" && answer === 0;
}

function afterReviewFacts(after: ReviewSource["afterReview"], limit: TextLimit): Fact[] {
  if (after === undefined) return [];
  const fact = (label: string, text: string): Fact => ({ label, value: showWithoutSecrets(text, limit) });
  const { closed } = after;
  return [
    fact("break-glass by", withReason(nameOf(after.usedBy), after.reason)),
    ...after.skipped.map((quorum) => fact("not waited for", quorum)),
    closed === undefined
      ? fact("after-review", "open: a reviewer who had no part in it must say whether it was right")
      : fact("after-review", withReason(`${closed.finding}, by ${nameOf(closed.by)}`, closed.reason)),
  ];
}

function withReason(text: string, reason: string): string {
  return reason === "" ? text : `${text}: ${reason}`;
}

/** The score, then what it is made of. */
function riskFacts(risk: readonly { readonly points: number; readonly reason: string }[]): string[] {
  if (risk.length === 0) return [];
  const score = risk.reduce((sum, { points }) => sum + points, 0);
  return [`score ${score}`, ...risk.map(({ points, reason }) => `+${points} ${reason}`)];
}

/** Names and reasons are not meant to hold secrets, but people and agents paste them there. */
function showWithoutSecrets(text: string, limit: TextLimit): ShownText {
  return showText(withoutSecrets(text), limit);
}

function voteLabel(vote: ReviewVote): string {
  const word = vote.decision === "approve" ? "approved by" : "rejected by";
  return vote.lapsed ? `${word} (lapsed)` : word;
}

function voteText(vote: ReviewVote): string {
  const who = nameOf(vote.reviewer) + (vote.inPlaceOf === "" ? "" : ` in the place of ${vote.inPlaceOf}`);
  const { haste } = vote;
  const hasty = haste === undefined ? "" : `, after ${haste.availableSeconds} s (reading takes ${haste.neededSeconds} s)`;
  return withReason(who + hasty, vote.reason);
}

function nameOf(principal: PrincipalName): string {
  return `${principal.id} (${principal.issuer})`;
}
