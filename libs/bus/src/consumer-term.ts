import type { RecordedEvent } from "@countersign/event-log";
import { readCheckpoint } from "./checkpoint.ts";
import type { ConsumerDeps } from "./consumer.ts";
import { EventSource, READ_LIMIT } from "./event-source.ts";
import { handleBatch, type Workplace } from "./handle-batch.ts";
import { handOutUnknown, replayParked } from "./replay.ts";
import { Signal } from "./signal.ts";

/** The work of a consumer while it holds the lease: live events where they follow on, the log where they do not. */
export class ConsumerTerm<Tables> {
  readonly #work: Workplace<Tables>;
  readonly #deps: Pick<ConsumerDeps<Tables>, "log" | "feed">;
  readonly #onProgress: (next: number) => void;
  readonly #source: EventSource;
  readonly #signal = new Signal();
  #lingering = false;
  /** Somebody waits for the events before this position. */
  #wanted = 0;
  /** The first position that is not handled. */
  #next = 0;
  /** What the checkpoint says; events between it and `#next` are of no interest to this consumer. */
  #saved = 0;
  #lastTick = Number.NEGATIVE_INFINITY;
  #nextAtLastTick = -1;

  constructor(work: Workplace<Tables>, deps: Pick<ConsumerDeps<Tables>, "log" | "feed">, onProgress: (next: number) => void) {
    this.#work = work;
    this.#deps = deps;
    this.#onProgress = onProgress;
    this.#source = new EventSource(deps.log);
  }

  /** The log is known to reach to here, and somebody waits for it: no need to wait for the feed, nor for more events. */
  announce(head: number): void {
    this.#wanted = Math.max(this.#wanted, head);
    this.#source.announce(head);
    this.#signal.raise();
  }

  wake(): void {
    this.#signal.raise();
  }

  /** Returns when it may work no more; throws when the world failed, and then everything it knew is to be read again. */
  async run(): Promise<void> {
    const unsubscribe = this.#deps.feed.subscribe((event) => this.#hear(event));
    try {
      await handOutUnknown(this.#work.database, this.#work.key);
      await this.#work.parked.load(this.#work.database, this.#work.key);
      this.#saved = await readCheckpoint(this.#work.database, this.#work.key);
      this.#advance(this.#saved);
      // The first tick looks into the log: there may be much to catch up with.
      this.#nextAtLastTick = this.#next;
      while (this.#work.mayWork()) await this.#step();
      await this.#save();
    } finally {
      unsubscribe();
    }
  }

  #hear(event: RecordedEvent): void {
    this.#source.offer(event);
    // While events gather, each one need not wake us; enough of them do.
    if (!this.#lingering || event.position - this.#next >= READ_LIMIT) this.#signal.raise();
  }

  async #step(): Promise<void> {
    if (performance.now() - this.#lastTick >= TICK_MS) await this.#tick();
    if (this.#source.available(this.#next) === 0) {
      if (this.#source.hasMore(this.#next)) await this.#source.read(this.#next);
      if (this.#source.available(this.#next) === 0) {
        await this.#signal.wait(Math.max(1, this.#lastTick + TICK_MS - performance.now()));
        return;
      }
    }
    await this.#linger();
    await this.#handle(this.#source.take(this.#next, READ_LIMIT));
  }

  /** Lets a few events gather: one transaction for ten costs little more than for one. Who is behind has gathered enough. */
  async #linger(): Promise<void> {
    const lingerMs = Math.min(this.#work.definition.lingerMs ?? DEFAULT_LINGER_MS, MAX_LINGER_MS);
    if (lingerMs <= 0 || this.#wanted > this.#next || this.#source.isBehind(this.#next) || !this.#work.mayWork()) return;
    if (this.#source.available(this.#next) >= READ_LIMIT) return;
    this.#lingering = true;
    this.#signal.lower();
    await this.#signal.wait(lingerMs);
    this.#lingering = false;
  }

  async #handle(events: readonly RecordedEvent[]): Promise<void> {
    if (events.length === 0) return;
    const { types } = this.#work.definition;
    const wanted = types === undefined ? events : events.filter((event) => types.includes(event.type) || this.#isUnknown(event));
    const to = this.#next + events.length;
    if (wanted.length > 0) {
      await handleBatch(this.#work, this.#saved, to, wanted);
      this.#saved = to;
    }
    this.#advance(to);
  }

  #isUnknown(event: RecordedEvent): boolean {
    try {
      this.#work.definition.refuseUnknown?.(event);
      return false;
    } catch {
      return true;
    }
  }

  /** About once a second: what no event tells. */
  async #tick(): Promise<void> {
    await this.#save();
    const more = await replayParked(this.#work, this.#deps.log);
    // Nothing came: perhaps nothing happened, perhaps the feed is dead.
    if (this.#next === this.#nextAtLastTick && this.#source.available(this.#next) === 0) await this.#source.read(this.#next);
    this.#nextAtLastTick = this.#next;
    if (!more) this.#lastTick = performance.now();
  }

  async #save(): Promise<void> {
    if (this.#saved === this.#next) return;
    await handleBatch(this.#work, this.#saved, this.#next, []);
    this.#saved = this.#next;
  }

  #advance(next: number): void {
    this.#next = next;
    this.#onProgress(next);
  }
}

const TICK_MS = 1000;
const DEFAULT_LINGER_MS = 20;
const MAX_LINGER_MS = 1000;
