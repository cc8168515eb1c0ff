import type { RecordedEvent } from "@countersign/event-log";

/**
 * A contiguous run of the newest events, held until its reader gets there. What does not fit (a gap before it, too many) is forgotten: the
 * log has it.
 */
export class LiveBuffer {
  readonly #capacity: number;
  #events: RecordedEvent[] = [];
  #head = 0;

  constructor(capacity = 4096) {
    this.#capacity = capacity;
  }

  /** One past the highest position seen: what the log is known to hold at least. */
  get head(): number {
    return this.#head;
  }

  /** Takes in an event from a feed that may skip and repeat. */
  offer(event: RecordedEvent): void {
    const last = this.#events.at(-1);
    if (last !== undefined && event.position <= last.position) return;
    const follows = last !== undefined && event.position === last.position + 1 && this.#events.length < this.#capacity;
    if (follows) this.#events.push(event);
    else this.#events = [event];
    this.#head = Math.max(this.#head, event.position + 1);
  }

  /** The log is known to reach to here, without the events. */
  announce(head: number): void {
    this.#head = Math.max(this.#head, head);
  }

  /** Everything known is worthless: the reader starts over. */
  clear(): void {
    this.#events = [];
    this.#head = 0;
  }

  /** How many events from `next` on are here; 0 when the one at `next` is not. */
  available(next: number): number {
    this.#forgetBefore(next);
    return this.#events[0]?.position === next ? this.#events.length : 0;
  }

  /** Removes and returns up to `limit` events from `next` on; none when the one at `next` is not here. */
  take(next: number, limit: number): RecordedEvent[] {
    return this.available(next) === 0 ? [] : this.#events.splice(0, limit);
  }

  /** The first position that need not be read from the log; undefined when all must be. */
  startAfter(next: number): number | undefined {
    this.#forgetBefore(next);
    return this.#events[0]?.position;
  }

  #forgetBefore(next: number): void {
    const [first] = this.#events;
    if (first !== undefined && first.position < next) this.#events.splice(0, next - first.position);
  }
}
