/**
 * - `invalid`: the request cannot be recorded as it is; nothing was appended, trying again will not help.
 * - `unavailable`: the log could not be reached or refused; nothing was appended.
 * - `too_late`: whoever asked waits no longer; nothing was appended.
 * - `outcome_unknown`: the connection broke while the append was being committed. It may be in the log or not: load and decide again.
 * - `corrupt`: what is stored does not fit together. A person must look.
 */
export type EventLogErrorCode = "invalid" | "unavailable" | "too_late" | "outcome_unknown" | "corrupt";

type Where = { readonly position?: number | undefined; readonly forged?: boolean };

/** The log failed, as opposed to an append that lost or was a repetition. */
export class EventLogError extends Error {
  override readonly name = "EventLogError";
  readonly code: EventLogErrorCode;
  /** Where, if it is one row that is corrupt: what the database says of its place, since the row may lie. */
  readonly position: number | undefined;
  /** Whether it has no append code of our keys. */
  readonly forged: boolean;

  constructor(code: EventLogErrorCode, message: string, { position, forged = false, ...options }: ErrorOptions & Where = {}) {
    super(message, options);
    this.code = code;
    this.position = position;
    this.forged = forged;
  }
}
