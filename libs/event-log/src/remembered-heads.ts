import { NO_EVENTS, streamKey, type Batch, type Head, type Heads } from "./batch.ts";
import type { AppendRequest } from "./event-log.ts";

/**
 * The heads as this process left them. They hold exactly as long as nobody else appends, so they may only be used in a write that checks
 * that the ledger's next position is still the remembered one, and must be forgotten as soon as it is not, or is not known to be.
 */
export class RememberedHeads {
  #nextPosition: number | undefined;
  readonly #streams = new Map<string, Head>();
  readonly #tenants = new Map<string, Head>();
  readonly #limit: number;

  constructor(limit = 20_000) {
    this.#limit = limit;
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
    for (const [key, head] of batch.streams) put(this.#streams, key, head, this.#limit);
    for (const [key, head] of batch.tenants) put(this.#tenants, key, head, this.#limit);
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

function put(heads: Map<string, Head>, key: string, head: Head, limit: number): void {
  heads.delete(key);
  heads.set(key, head);
  if (heads.size <= limit) return;
  const oldest = heads.keys().next();
  if (oldest.done !== true) heads.delete(oldest.value);
}
