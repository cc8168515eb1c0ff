import { CommandError, type FailureCode } from "@countersign/bus";
import type { RefusalCode, Refused } from "../../usecases/handle.ts";

/** What each refusal is on the bus. The sentences are fixed: of a stored action nothing but its status gets into one. */
export const FAILURES: Readonly<
  Record<RefusalCode | "KEY_REUSED" | "LOST_RACE" | "UNKNOWN_EVENT" | "LOG_UNREACHABLE", readonly [FailureCode, string]>
> = {
  NOT_FOUND: ["NOT_FOUND", "There is no such action."],
  WRONG_STATE: ["FAILED_PRECONDITION", "The action is not in a state in which this is possible."],
  NOT_HUMAN: ["PERMISSION_DENIED", "Only a human who acts directly may review, and no agent may erase."],
  SELF_APPROVAL: [
    "PERMISSION_DENIED",
    "Nobody decides on what they caused, or erases it: not the requester, its chain, its owner, nor an editor on the edited form.",
  ],
  CAUSER_UNKNOWN: [
    "FAILED_PRECONDITION",
    "A human who caused this is an account that your directory does not know, see the metadata, so nobody's approval counts: it could be their own. " +
      "Give the person that account in the directory (`principals` by SCIM, ISSUER|ID), or have the agent's tokens name the account that the person signs in with.",
  ],
  NOT_ELIGIBLE: ["PERMISSION_DENIED", "The caller is none of those whom the open stage asks."],
  ALREADY_VOTED: [
    "FAILED_PRECONDITION",
    "This human has approved already, maybe under another account or by a stand-in; one human is one vote.",
  ],
  SIGN_IN_TOO_WEAK: ["PERMISSION_DENIED", "This asks for a stronger sign-in; sign in with a second factor and try again."],
  REASON_REQUIRED: ["FAILED_PRECONDITION", "The open stage asks for a reason; give one."],
  BREAK_GLASS_NOT_ALLOWED: ["FAILED_PRECONDITION", "Policy lets nobody approve this action alone."],
  COMMENT_LIMIT: ["FAILED_PRECONDITION", "There are too many comments on this action already; decide, or talk elsewhere."],
  QUESTION_NOT_OPEN: ["FAILED_PRECONDITION", "There is no open question of this number; a remark is always possible."],
  ALREADY_CLAIMED: [
    "FAILED_PRECONDITION",
    "Another reviewer has claimed this review; that keeps nobody from deciding, and ends by itself.",
  ],
  CLAIM_LIMIT: ["FAILED_PRECONDITION", "The caller has claimed this review three times; decide, or leave it to others."],
  EDIT_LIMIT: ["FAILED_PRECONDITION", "The action was edited too often; approve or reject it, and ask anew."],
  ASKED_TOO_OFTEN: [
    "RESOURCE_EXHAUSTED",
    "People look at exactly this already, and it was asked for too often; watch that action, see the metadata.",
  ],
  REVIEW_QUOTA: [
    "RESOURCE_EXHAUSTED",
    "As many reviews of your tenant wait for people as may; nothing was recorded. Try again when some are decided.",
  ],
  STALE_DIGEST: ["FAILED_PRECONDITION", "The digest is not the action's; look at the action again."],
  STALE_VERSION: ["FAILED_PRECONDITION", "The version shown is not one on which this review can be decided; look at the action again."],
  STALE_VIEW: ["FAILED_PRECONDITION", "What is shown now is not what the reviewer was shown; look at the action again."],
  EDIT_NOT_ALLOWED: ["FAILED_PRECONDITION", "Policy does not let reviewers change these members, or not to this; see the metadata."],
  PATCH_INVALID: ["FAILED_PRECONDITION", "The patch does not apply to the action's properties; look at the action again."],
  DEADLINE_PASSED: ["FAILED_PRECONDITION", "The deadline has passed; nobody moves the action any more."],
  NOT_REQUESTER: ["PERMISSION_DENIED", "Only the requester may do this."],
  GRANT_INVALID: ["UNAUTHENTICATED", "The grant token is not valid."],
  NOT_GRANTEE: ["PERMISSION_DENIED", "The grant was issued to another principal."],
  GRANT_REDEEMED: ["FAILED_PRECONDITION", "The grant has been redeemed."],
  GRANT_EXPIRED: ["FAILED_PRECONDITION", "The grant has expired."],
  GRANT_REVOKED: ["FAILED_PRECONDITION", "The grant has been revoked."],
  DIGEST_MISMATCH: ["FAILED_PRECONDITION", "The grant is for another digest."],
  REPORT_CONFLICT: ["FAILED_PRECONDITION", "Another report was recorded before."],
  CONTENT_ERASED: ["FAILED_PRECONDITION", "The action's content was erased."],
  POLICY_UNREACHABLE: ["UNAVAILABLE", "Policy did not answer; nothing was changed."],
  DIRECTORY_UNREACHABLE: ["UNAVAILABLE", "The directory did not say who the caller is; nothing was changed."],
  KEY_REUSED: ["ALREADY_EXISTS", "The idempotency key was used for another request: send that one again, or take another key."],
  LOST_RACE: ["ABORTED", "Others changed the action at the same time; try again."],
  UNKNOWN_EVENT: [
    "UNAVAILABLE",
    "A newer version wrote to this action, and this instance does not understand it; nothing was changed, try again.",
  ],
  LOG_UNREACHABLE: ["UNAVAILABLE", "The event log did not answer; try again with the same key."],
};

export function failure(reason: keyof typeof FAILURES, cause?: unknown, metadata: Readonly<Record<string, string>> = {}): CommandError {
  const [code, message] = FAILURES[reason];
  return new CommandError(code, reason, message, { cause, metadata });
}

/** A refusal for its caller; one for the action's state says which that is, and which it would have to be. */
export function refused({ code, details, misplaced }: Refused): CommandError {
  if (misplaced === undefined) return failure(code, undefined, details);
  const { status, version, needs } = misplaced;
  const message = `The action is ${status}; this needs ${needs}.`;
  return new CommandError(FAILURES[code][0], code, message, { metadata: { status, version: String(version) } });
}

/** What people write about an action is part of every answer about it. */
const LONGEST_TEXT = 4096;

/** What somebody wrote, wherever it came in. @throws CommandError when it has too many characters. */
export function limited(field: string, text: string): string {
  if (text.length <= LONGEST_TEXT || [...text].length <= LONGEST_TEXT) return text;
  throw fieldViolation(field, `has more than ${LONGEST_TEXT} characters`);
}

/** One field that is not as it must be. */
export function fieldViolation(field: string, description: string): CommandError {
  return new CommandError("INVALID_ARGUMENT", "FIELD_VIOLATION", `${field} ${description}`, { violations: [{ field, description }] });
}
