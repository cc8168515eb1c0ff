import { soundPart, type EventReader, type RecordedEvent } from "@countersign/event-log";
import { LiveBuffer } from "./live-buffer.ts";

/** The log is dense, so a hole means that it was read wrongly or is damaged. */
export class LogGapError extends Error {
  override readonly name = "LogGapError";
}

/** The ledger from a position on, in order and without gaps: from memory where live events have come in, from the log where not. */
export class EventSource {
  readonly #log: Pick<EventReader, "readAll">;
  readonly #live: LiveBuffer;
  #read: readonly RecordedEvent[] = [];
  #used = 0;
  /** Where to read on after a read that got all it asked for: there is probably more. */
  #readOnAt: number | undefined;

  constructor(log: Pick<EventReader, "readAll">, live = new LiveBuffer()) {
    this.#log = log;
    this.#live = live;
  }

  /** Takes in a live event; it may skip and repeat. */
  offer(event: RecordedEvent): void {
    this.#live.offer(event);
  }

  /** Somebody says that the log reaches to here. */
  announce(head: number): void {
    this.#live.announce(head);
  }

  /** How many events from `from` on can be had without reading. */
  available(from: number): number {
    return this.#read[this.#used]?.position === from ? this.#read.length - this.#used : this.#live.available(from);
  }

  /** Whether the log holds, or most likely holds, the event at `from`. */
  hasMore(from: number): boolean {
    return this.available(from) > 0 || this.#live.head > from || this.#readOnAt === from;
  }

  /** Whether the log holds, or most likely holds, more than can be had from `from` on without reading. */
  isBehind(from: number): boolean {
    const end = from + this.available(from);
    return this.#live.head > end || this.#readOnAt === end;
  }

  /** Up to `limit` events at `from`, without reading the log. */
  take(from: number, limit: number): readonly RecordedEvent[] {
    if (this.#read[this.#used]?.position !== from) return this.#live.take(from, limit);
    const events = this.#read.slice(this.#used, this.#used + limit);
    this.#used += events.length;
    return events;
  }

  /**
   * Reads on from `from` in the log, as far as live events do not take over. Returns how many came: of what is sound before a corrupt event.
   * @throws EventLogError `corrupt` when that is the one at `from`
   */
  async read(from: number): Promise<number> {
    const live = this.#live.startAfter(from);
    const limit = live === undefined ? READ_LIMIT : Math.min(READ_LIMIT, Math.max(1, live - from));
    const { events, flaw } = await soundPart(this.#log.readAll({ from, limit }));
    if (flaw !== undefined && events.length === 0) throw flaw;
    const wrong = events.findIndex((event, index) => event.position !== from + index);
    if (wrong >= 0) throw new LogGapError(`reading the log from ${from} gave position ${events[wrong]?.position} in place ${from + wrong}`);
    this.#read = events;
    this.#used = 0;
    this.#readOnAt = flaw !== undefined || events.length === limit ? from + events.length : undefined;
    return events.length;
  }

  /** The log itself may have changed (a restore): what was heard and read counts no more. */
  reset(): void {
    this.#live.clear();
    this.#read = [];
    this.#used = 0;
    this.#readOnAt = undefined;
  }
}

/** Also what is worth one transaction: an action's few events mostly fall into one batch of this many, and then cost a row once. */
export const READ_LIMIT = 2048;
