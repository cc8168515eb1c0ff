import { visible } from "@countersign/review-view";
import type { Account, AnswerResult, VoteReply } from "../usecases/answer.ts";

/** What answers need beside their outcome. */
export type AnswerWords = {
  readonly account: Account;
  /** How people of this deployment get their account linked. */
  readonly linkHelp: string;
  /** Where a signed-in person decides. */
  readonly url: string | undefined;
};

/** What whoever answered is told, and nobody else: on one line, without markup. It never says that something is decided: the message does, from the log. */
export function answerText(result: AnswerResult, words: AnswerWords): string {
  switch (result.outcome) {
    case "recorded":
      return "Recorded. The message shows what it leads to as soon as the log says so.";
    case "unlinked":
      return `Nothing was decided: your account (${words.account.channel} ${words.account.workspace}/${words.account.id}) is not linked to a person who may decide here. ${howToLink(result.linkCode, words)}`;
    case "nobody-knows":
      return "Nothing was decided: nobody can say now who you are. Try again in a moment.";
    case "unknown":
      return "No answer came: it may be recorded or not. The message will show which; if it still asks, answer again.";
    case "refused":
      return refusal(result, words);
  }
}

/** The code is worth nothing to anybody who cannot sign in, and makes this account theirs for whoever can: only this account may see it. */
function howToLink(code: string | undefined, { linkHelp }: AnswerWords): string {
  return code === undefined ? linkHelp : `Sign in and link it: countersign link ${code}. ${linkHelp}`;
}

/** A click proves little: from here on only a signed-in page or the command line will do. */
const STEP_UP = new Set(["SIGN_IN_TOO_WEAK"]);

const REFUSALS: Readonly<Record<string, string>> = {
  STALE_DIGEST: "the message showed older parameters: they were edited since. It is being renewed, read it again",
  STALE_VIEW: "what the message showed has changed since. It is being renewed, read it again",
  EDIT_NOT_ALLOWED: "policy does not let reviewers change this",
  STALE_VERSION: "something happened since the message was drawn. It is being renewed, read it again",
  WRONG_STATE: "it is not in review any more. The message is being renewed",
  DEADLINE_PASSED: "the time to decide is over. The message is being renewed",
  CONTENT_ERASED: "its content was erased",
  ALREADY_VOTED: "you have voted on it already",
  REASON_REQUIRED: "it needs a reason",
  SELF_APPROVAL: "you had a part in this request, so somebody else has to decide",
  CAUSER_UNKNOWN: "the directory does not know an account of a human who caused this, so nobody's approval counts. You can still reject it",
  NOT_ELIGIBLE: "the open stage does not ask you",
  NOT_IN_DIRECTORY: "the directory does not know you any more",
  ROLE_MISSING: "you are no reviewer here",
  TOKEN_EXPIRED: "your sign-in is over; sign in again",
  ISSUER_UNREACHABLE: "nobody can say now who you are; try again in a moment",
  COMMENT_LIMIT: "there are too many comments on it already",
  ALREADY_CLAIMED: "somebody else has claimed it, which keeps nobody from deciding and ends by itself",
  CLAIM_LIMIT: "you have claimed it three times already",
  EDIT_LIMIT: "it was edited as often as an action can be",
};

/** Why somebody cannot decide, for a page where it is signed in. */
export function whyRefused(reason: string): string {
  return PAGE_REFUSALS[reason] ?? REFUSALS[reason] ?? reason;
}

const PAGE_REFUSALS: Readonly<Record<string, string>> = {
  SIGN_IN_TOO_WEAK: "policy asks for a stronger sign-in than yours",
  NOT_IN_REVIEW: "the review is over",
  NOT_HUMAN: "only people decide",
  DIRECTORY_UNREACHABLE: "nobody can say now who you are; try again in a moment",
  STALE_DIGEST: "the page showed older parameters: they were edited since. Read it again",
  STALE_VIEW: "what the page showed has changed since. Read it again",
  STALE_VERSION: "something happened since the page was opened. Read it again",
  WRONG_STATE: "it is not in review any more",
  DEADLINE_PASSED: "the time to decide is over",
};

function refusal({ reason, changed }: VoteReply & { readonly outcome: "refused" }, { url }: AnswerWords): string {
  if (STEP_UP.has(reason))
    return `Nothing was decided: a click here is too weak a sign-in for this one. ${url === undefined ? "Sign in and decide with the command line." : `Sign in and decide here: ${url}`}`;
  const why = REFUSALS[reason];
  const parts = changed === undefined || changed === "" ? "" : ` (changed: ${visible(changed).text})`;
  return `Nothing was decided: ${why ?? reason}${parts}.`;
}
