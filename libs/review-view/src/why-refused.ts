/**
 * Why somebody cannot decide, from the reason that the API gives: the end of a sentence to that person. The reason itself where there are no words for it.
 * @param rejects that person is told already that a no of theirs counts.
 */
export function whyRefused(reason: string, rejects = false): string {
  return (rejects ? OF_APPROVALS[reason] : undefined) ?? REFUSALS[reason] ?? reason;
}

const REFUSALS: Readonly<Record<string, string>> = {
  EDIT_NOT_ALLOWED: "policy does not let reviewers change this",
  CONTENT_ERASED: "its content was erased",
  ALREADY_VOTED: "you have voted on it already",
  REASON_REQUIRED: "it needs a reason",
  SELF_APPROVAL: "you had a part in this request, so somebody else has to decide",
  CAUSER_UNKNOWN: "the directory does not know an account of a human who caused this, so nobody's approval counts. You can still reject it",
  NOT_ELIGIBLE: "the open stage does not ask you",
  NOT_HUMAN: "only people decide",
  NOT_IN_REVIEW: "the review is over",
  GRANT_EXPIRED: "nobody used it in time, and it cannot run any more",
  NOT_IN_DIRECTORY: "the directory does not know you any more",
  ROLE_MISSING: "you are no reviewer here",
  SIGN_IN_TOO_WEAK: "policy asks for a stronger sign-in than yours",
  TOKEN_EXPIRED: "your sign-in is over; sign in again",
  ISSUER_UNREACHABLE: "nobody can say now who you are; try again in a moment",
  DIRECTORY_UNREACHABLE: "nobody can say now who you are; try again in a moment",
  COMMENT_LIMIT: "there are too many comments on it already",
  ALREADY_CLAIMED: "somebody else has claimed it, which keeps nobody from deciding and ends by itself",
  CLAIM_LIMIT: "you have claimed it three times already",
  EDIT_LIMIT: "it was edited as often as an action can be",
};

const OF_APPROVALS: Readonly<Record<string, string>> = {
  ALREADY_VOTED: "you have approved it already",
  SELF_APPROVAL: "you had a part in an edit of it, so somebody else has to approve",
  CAUSER_UNKNOWN: "the directory does not know an account of a human who caused this, so nobody's approval counts",
};
