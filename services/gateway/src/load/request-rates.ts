import { CommandError } from "@countersign/bus";
import type { Quotas } from "@countersign/quotas";
import { TokenBucket } from "../domain/token-bucket.ts";

/** Beyond, buckets that are full are forgotten: a new one would be as full. */
const MANY_BUCKETS = 10_000;

/** Each tenant's quota of requests, at this gateway. */
export class RequestRates {
  readonly #quotas: Quotas;
  readonly #buckets = new Map<string, TokenBucket>();

  constructor(quotas: Quotas) {
    this.#quotas = quotas;
  }

  /** @throws CommandError REQUEST_QUOTA, with when to come back. */
  count(tenant: string, now: number): void {
    const { requestsPerSecond: perSecond, burst } = this.#quotas.of(tenant);
    if (perSecond === Infinity) return;
    const bucket = this.#buckets.get(tenant) ?? this.#open(tenant, new TokenBucket({ perSecond, burst }, now), now);
    const retryAfterMs = bucket.take(now);
    if (retryAfterMs === 0) return;
    throw new CommandError("RESOURCE_EXHAUSTED", "REQUEST_QUOTA", `Your tenant may make ${perSecond} requests per second here.`, {
      retryAfterMs,
      metadata: { quota: "requests_per_second", limit: String(perSecond) },
    });
  }

  #open(tenant: string, bucket: TokenBucket, now: number): TokenBucket {
    if (this.#buckets.size >= MANY_BUCKETS) {
      for (const [name, each] of this.#buckets) if (each.isFull(now)) this.#buckets.delete(name);
    }
    this.#buckets.set(tenant, bucket);
    return bucket;
  }
}
