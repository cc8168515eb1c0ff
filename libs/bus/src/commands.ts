import type { Command } from "@countersign/proto/internal/v1/command_pb";

/**
 * Every reason there is, under the code it mostly comes with (`google.rpc.ErrorInfo.reason`, domain `countersign.dev`). Programs branch on it.
 */
export const FAILURE_REASONS = [
  // INVALID_ARGUMENT
  "FIELD_VIOLATION",
  "MALFORMED",
  // NOT_FOUND: also for what belongs to another tenant
  "NOT_FOUND",
  // ALREADY_EXISTS
  "KEY_REUSED",
  // PERMISSION_DENIED
  "SELF_APPROVAL",
  "NOT_HUMAN",
  "NOT_ELIGIBLE",
  "NOT_REQUESTER",
  "NOT_GRANTEE",
  "SIGN_IN_TOO_WEAK",
  "ROLE_MISSING",
  "NOT_IN_DIRECTORY",
  // UNAUTHENTICATED
  "TOKEN_MISSING",
  "TOKEN_INVALID",
  "TOKEN_EXPIRED",
  "GRANT_INVALID",
  // FAILED_PRECONDITION
  "STALE_DIGEST",
  "STALE_VERSION",
  "STALE_VIEW",
  "EDIT_NOT_ALLOWED",
  "PATCH_INVALID",
  "EDIT_LIMIT",
  "COMMENT_LIMIT",
  "QUESTION_NOT_OPEN",
  "ALREADY_CLAIMED",
  "CLAIM_LIMIT",
  "BREAK_GLASS_NOT_ALLOWED",
  "ALREADY_VOTED",
  "CAUSER_UNKNOWN",
  "REASON_REQUIRED",
  // of an action: metadata `status` and `version`, for whoever may see it
  "WRONG_STATE",
  "DEADLINE_PASSED",
  "DIGEST_MISMATCH",
  "GRANT_REDEEMED",
  "GRANT_EXPIRED",
  "GRANT_REVOKED",
  "REPORT_CONFLICT",
  "CONTENT_ERASED",
  "NOT_MANAGED",
  "LINK_CODE_INVALID",
  "LINK_CODE_EXPIRED",
  "LINK_CODE_USED",
  "LINK_ACCOUNT_MISMATCH",
  "ALREADY_LINKED",
  // ABORTED
  "LOST_RACE",
  // RESOURCE_EXHAUSTED
  "TOO_LARGE",
  "OVERLOADED",
  "ASKED_TOO_OFTEN",
  "REQUEST_QUOTA",
  "REVIEW_QUOTA",
  "WATCH_QUOTA",
  "DIRECTORY_QUOTA",
  // UNAVAILABLE: safe to retry
  "NO_HANDLER",
  "LINK_LOST",
  "POLICY_UNREACHABLE",
  "DIRECTORY_UNREACHABLE",
  "LOG_UNREACHABLE",
  "UNKNOWN_EVENT",
  "NOT_SEALED",
  "ISSUER_UNREACHABLE",
  "SHUTTING_DOWN",
  // DEADLINE_EXCEEDED
  "TIMEOUT",
  // DATA_LOSS: what the event log holds for this is not what was recorded. A person must look; trying again does not help
  "LOG_CORRUPT",
  // UNIMPLEMENTED, INTERNAL
  "UNKNOWN_METHOD",
  "BUG",
] as const;

export type FailureReason = (typeof FAILURE_REASONS)[number];

/** Canonical gRPC codes that a command can fail with. */
export const FAILURE_CODES = [
  "INVALID_ARGUMENT",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "PERMISSION_DENIED",
  "UNAUTHENTICATED",
  "FAILED_PRECONDITION",
  "ABORTED",
  "RESOURCE_EXHAUSTED",
  "UNIMPLEMENTED",
  "UNAVAILABLE",
  "DEADLINE_EXCEEDED",
  "INTERNAL",
  "DATA_LOSS",
] as const;

export type FailureCode = (typeof FAILURE_CODES)[number];

/** A "no" that travels: the same on both sides of the bus and, as `google.rpc.ErrorInfo`, at the front door. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly code: FailureCode;
  readonly reason: FailureReason;
  readonly metadata: Readonly<Record<string, string>>;
  readonly violations: readonly { readonly field: string; readonly description: string }[];
  /** When to try again, where that is known better than from the reason. It does not travel over the bus. */
  readonly retryAfterMs: number | undefined;

  constructor(
    code: FailureCode,
    reason: FailureReason,
    message: string,
    details: {
      readonly metadata?: Readonly<Record<string, string>>;
      readonly violations?: readonly { readonly field: string; readonly description: string }[];
      readonly cause?: unknown;
      readonly retryAfterMs?: number;
    } = {},
  ) {
    super(message, { cause: details.cause });
    this.code = code;
    this.reason = reason;
    this.retryAfterMs = details.retryAfterMs;
    this.metadata = details.metadata ?? {};
    this.violations = details.violations ?? [];
  }
}

/** Handles one method: the bytes of the request message are in `command.request`, the bytes of the response message go back. */
export type CommandHandler = (command: Command) => Promise<Uint8Array>;

/** The two ends of the command port. Two adapters (in one process, over NATS) pass the same contract suite. */
export type CommandBus = {
  /**
   * Sends a command to one instance of a service and waits for its reply. The reply comes after the append has committed.
   * @throws CommandError as the handler refused; UNAVAILABLE (reason NO_HANDLER) when no instance listens; UNAVAILABLE (reason
   * LINK_LOST) when the bus went away before the reply or refuses commands to the service, or DEADLINE_EXCEEDED when no reply came in
   * time: then nothing is known about the outcome.
   */
  send(service: string, method: string, command: Command, options: { readonly timeoutMs: number }): Promise<Uint8Array>;
  /**
   * Serves a service's methods. Errors other than CommandError reach the caller with a fixed sentence: as UNAVAILABLE or DATA_LOSS where they come from the
   * database or a corrupt log, else as INTERNAL.
   */
  serve(
    service: string,
    handlers: Readonly<Record<string, CommandHandler>>,
  ): Promise<{ /** Refuses new commands and waits for those under way. */ close(): Promise<void> }>;
};
