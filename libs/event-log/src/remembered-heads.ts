import { NO_EVENTS, streamKey, type Batch, type Head, type Heads } from "./batch.ts";
import type { AppendRequest } from "./event-log.ts";

/**
 * The heads as this process left them. They hold exactly as long as nobody else appends, so they may only be used in a write that checks
 * that the ledger's next position is still the remembered one, and must be forgotten as soon as it is not, or is not known to be.
 */
export class RememberedHeads {
  #nextPosition: number | undefined;
  readonly #streams: RecentHeads;
  readonly #tenants: RecentHeads;

  /** @param limit - How many streams, and how many tenants, to remember at least. */
  constructor(limit = 10_000) {
    this.#streams = new RecentHeads(limit);
    this.#tenants = new RecentHeads(limit);
  }

  /** Whether `nextPosition` is the one that our own last write left. */
  matches(nextPosition: number): boolean {
    return this.#nextPosition === nextPosition;
  }

  forget(): void {
    this.#nextPosition = undefined;
    this.#streams.clear();
    this.#tenants.clear();
  }

  /** Takes over what a batch has changed, once it is committed. */
  remember(nextPosition: number, batch: Pick<Batch, "streams" | "tenants">): void {
    this.#nextPosition = nextPosition;
    for (const [key, head] of batch.streams) this.#streams.set(key, head);
    for (const [key, head] of batch.tenants) this.#tenants.set(key, head);
  }

  /**
   * Heads good enough to try these requests, or nothing when one of them needs a look at the log. A stream that is not remembered counts as
   * new for a request that expects it to be; the log's unique index refuses the batch if it is not.
   */
  forRequests(requests: readonly AppendRequest[]): Heads | undefined {
    const nextPosition = this.#nextPosition;
    if (nextPosition === undefined) return undefined;
    for (const { stream, expectedVersion } of requests) {
      if (!this.#tenants.has(stream.tenant)) return undefined;
      if (expectedVersion > 0 && !this.#streams.has(streamKey(stream))) return undefined;
    }
    return {
      nextPosition,
      stream: (name) => this.#streams.get(streamKey(name)) ?? NO_EVENTS,
      tenant: (tenant) => this.#tenants.get(tenant) ?? NO_EVENTS,
      // Keys are not remembered: their primary key refuses the batch if one was used before.
      reply: () => undefined,
    };
  }
}

/** The leaf as a string of bytes: as an array it is a piece of a pool or of a socket's buffer, and each would keep all of that, 64 KB, alive. */
type Kept = { readonly count: number; readonly leaf: string };

/** Forgets the oldest half at a time: that is cheaper than keeping an order of use, and a miss only costs a look at the log. */
class RecentHeads {
  #young = new Map<string, Kept>();
  #old = new Map<string, Kept>();
  readonly #limit: number;

  constructor(limit: number) {
    this.#limit = limit;
  }

  has(key: string): boolean {
    return this.#young.has(key) || this.#old.has(key);
  }

  get(key: string): Head | undefined {
    const kept = this.#young.get(key) ?? this.#old.get(key);
    return kept && { count: kept.count, leaf: Buffer.from(kept.leaf, "latin1") };
  }

  set(key: string, { count, leaf }: Head): void {
    if (this.#young.size >= this.#limit) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, { count, leaf: Buffer.from(leaf.buffer, leaf.byteOffset, leaf.byteLength).toString("latin1") });
  }

  clear(): void {
    this.#young = new Map();
    this.#old = new Map();
  }
}
