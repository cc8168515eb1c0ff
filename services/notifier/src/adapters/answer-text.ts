import { visible, whyRefused, type ReviewSource } from "@countersign/review-view";
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

/** A message is drawn anew by itself. */
const STALE_MESSAGE: Readonly<Record<string, string>> = {
  STALE_DIGEST: "the message showed older parameters: they were edited since. It is being renewed, read it again",
  STALE_VIEW: "what the message showed has changed since. It is being renewed, read it again",
  STALE_VERSION: "something happened since the message was drawn. It is being renewed, read it again",
  WRONG_STATE: "it is not in review any more. The message is being renewed",
  DEADLINE_PASSED: "the time to decide is over. The message is being renewed",
};

/** Why somebody cannot decide, for a page where it is signed in. @param now how it is since. */
export function whyRefusedOnPage(reason: string, now?: ReviewSource["status"]): string {
  return (reason === "WRONG_STATE" && now !== undefined ? TOO_LATE[now] : undefined) ?? STALE_PAGE[reason] ?? whyRefused(reason);
}

const USED = "it was used already";
const TOO_LATE: { readonly [status in ReviewSource["status"]]?: string } = {
  edited: "it was edited, and waits for its requester",
  approved: "it is approved already",
  rejected: "it was rejected already",
  expired: "the time to decide is over",
  cancelled: "its requester does not want it any more",
  redeemed: USED,
  succeeded: USED,
  failed: USED,
  unreported: USED,
  "grant expired": "nobody used it in time, and it cannot run any more",
  revoked: "it was taken back already",
};

const STALE_PAGE: Readonly<Record<string, string>> = {
  STALE_DIGEST: "the page showed older parameters: they were edited since. Read it again",
  STALE_VIEW: "what the page showed has changed since. Read it again",
  STALE_VERSION: "something happened since the page was opened. Read it again",
  WRONG_STATE: "it is not in review any more",
  DEADLINE_PASSED: "the time to decide is over",
};

function refusal({ reason, changed }: VoteReply & { readonly outcome: "refused" }, { url }: AnswerWords): string {
  if (STEP_UP.has(reason))
    return `Nothing was decided: a click here is too weak a sign-in for this one. ${url === undefined ? "Sign in and decide with the command line." : `Sign in and decide here: ${url}`}`;
  const why = STALE_MESSAGE[reason] ?? whyRefused(reason);
  const parts = changed === undefined || changed === "" ? "" : ` (changed: ${visible(changed).text})`;
  return `Nothing was decided: ${why}${parts}.`;
}
