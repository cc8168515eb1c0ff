/** Each bucket ends 2 % above the one before: what is read from it is at most that much too high. */
const STEP = Math.log(1.02);

export type Latency = { readonly count: number; readonly p50: number; readonly p95: number; readonly max: number };

/** Quantiles of durations in milliseconds. Takes a few thousand numbers at most, however many durations. */
export class Durations {
  readonly #buckets = new Map<number, number>();
  #count = 0;
  #max = 0;

  add(duration: number): void {
    const milliseconds = Math.max(0, duration);
    const bucket = Math.ceil(Math.log(milliseconds + 1) / STEP);
    this.#buckets.set(bucket, (this.#buckets.get(bucket) ?? 0) + 1);
    this.#count += 1;
    this.#max = Math.max(this.#max, milliseconds);
  }

  summary(): Latency {
    return { count: this.#count, p50: this.#quantile(0.5), p95: this.#quantile(0.95), max: this.#max };
  }

  #quantile(share: number): number {
    let left = Math.ceil(share * this.#count);
    for (const [bucket, count] of [...this.#buckets].toSorted(([a], [b]) => a - b)) {
      left -= count;
      if (left <= 0) return Math.min(this.#max, Math.round(Math.exp(bucket * STEP) - 1));
    }
    return 0;
  }
}
