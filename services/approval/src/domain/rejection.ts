import type { ActionEvent } from "./events.ts";
import type { Causer } from "./separation-of-duties.ts";

/** Why a command changes nothing. Each is the reason that the caller is told. */
export type RejectionCode =
  | "NOT_FOUND"
  | "WRONG_STATE"
  | "NOT_HUMAN"
  | "SELF_APPROVAL"
  | "CAUSER_UNKNOWN"
  | "NOT_ELIGIBLE"
  | "ALREADY_VOTED"
  | "SIGN_IN_TOO_WEAK"
  | "REASON_REQUIRED"
  | "EDIT_LIMIT"
  | "ASKED_TOO_OFTEN"
  | "BREAK_GLASS_NOT_ALLOWED"
  | "COMMENT_LIMIT"
  | "QUESTION_NOT_OPEN"
  | "ALREADY_CLAIMED"
  | "CLAIM_LIMIT"
  | "STALE_DIGEST"
  | "STALE_VERSION"
  | "STALE_VIEW"
  | "DEADLINE_PASSED"
  | "NOT_REQUESTER"
  | "GRANT_INVALID"
  | "NOT_GRANTEE"
  | "GRANT_REDEEMED"
  | "GRANT_EXPIRED"
  | "GRANT_REVOKED"
  | "DIGEST_MISMATCH"
  | "REPORT_CONFLICT";

/** What needs no more words than its code. */
export type Fault = Exclude<RejectionCode, "WRONG_STATE" | "CAUSER_UNKNOWN">;

export type Rejection =
  | { readonly code: Fault }
  /** With the state in which it would have been possible, for people to read. */
  | { readonly code: "WRONG_STATE"; readonly needs: string }
  /** With those whose accounts nobody knows. */
  | { readonly code: "CAUSER_UNKNOWN"; readonly causers: readonly Causer[] };

/** Events to record; none at all means "already so". Or why not. */
export type Decision = readonly ActionEvent[] | Rejection;

export function reject(code: Fault): Rejection {
  return { code };
}

/** It is possible, and not now. */
export function wrongState(needs: string): Rejection & { readonly code: "WRONG_STATE" } {
  return { code: "WRONG_STATE", needs };
}

/** P3: undefined where everybody who caused it is known. */
export function unlessKnown(causers: readonly Causer[]): Rejection | undefined {
  return causers.length === 0 ? undefined : { code: "CAUSER_UNKNOWN", causers };
}

export function isRejection(decision: Decision): decision is Rejection {
  return "code" in decision;
}
