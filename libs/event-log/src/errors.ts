import type { RecordedEvent } from "./event-log.ts";

/**
 * - `invalid`: the request cannot be recorded as it is; nothing was appended, trying again will not help.
 * - `unavailable`: the log could not be reached or refused; nothing was appended.
 * - `too_late`: whoever asked waits no longer; nothing was appended.
 * - `outcome_unknown`: the connection broke while the append was being committed. It may be in the log or not: load and decide again.
 * - `corrupt`: what is stored does not fit together. A person must look.
 */
export type EventLogErrorCode = "invalid" | "unavailable" | "too_late" | "outcome_unknown" | "corrupt";

type Where = {
  readonly position?: number | undefined;
  readonly forged?: boolean;
  readonly before?: readonly RecordedEvent[];
};

/** The log failed, as opposed to an append that lost or was a repetition. */
export class EventLogError extends Error {
  override readonly name = "EventLogError";
  readonly code: EventLogErrorCode;
  /** Where, if it is one row that is corrupt: what the database says of its place, since the row may lie. */
  readonly position: number | undefined;
  /** Whether it has no append code of our keys. */
  readonly forged: boolean;
  /** No member that a logger would write out. */
  readonly #before: readonly RecordedEvent[];

  constructor(code: EventLogErrorCode, message: string, { position, forged = false, before = [], ...options }: ErrorOptions & Where = {}) {
    super(message, options);
    this.code = code;
    this.position = position;
    this.forged = forged;
    this.#before = before;
  }

  /** If what was read is corrupt: the sound events that stand before what is not. For who shows the log; to decide on a part of a stream is to decide wrongly. */
  get before(): readonly RecordedEvent[] {
    return this.#before;
  }
}

/** The corruption of the log that an error comes from, if it does. */
export function corruptionIn(error: unknown): EventLogError | undefined {
  for (let each = error, depth = 0; each instanceof Error && depth < 5; each = each.cause, depth += 1)
    if (each instanceof EventLogError && each.code === "corrupt") return each;
  return undefined;
}

/** What a read that failed says of the log. A server that cannot read its own pages (data_corrupted, index_corrupted) will not by itself: nobody is to wait for that. */
export function unreadable(cause: unknown): EventLogError {
  const damaged = cause instanceof Error && "code" in cause && (cause.code === "XX001" || cause.code === "XX002");
  if (!damaged) return new EventLogError("unavailable", "the event log cannot be read", { cause });
  return new EventLogError("corrupt", `PostgreSQL cannot read what it stored (deploy/runbook.md, Corrupt events): ${cause.message}`, {
    cause,
  });
}

/** What of a reading can be shown: the sound events before what is corrupt, and that, if anything is. Whoever shows it, or follows the log in order, goes on from there and meets it again. */
export async function soundPart(reading: Promise<readonly RecordedEvent[]>): Promise<SoundPart> {
  try {
    return { events: await reading, flaw: undefined };
  } catch (error) {
    const flaw = corruptionIn(error);
    if (flaw === undefined) throw error;
    return { events: flaw.before, flaw };
  }
}

export type SoundPart = { readonly events: readonly RecordedEvent[]; readonly flaw: EventLogError | undefined };
