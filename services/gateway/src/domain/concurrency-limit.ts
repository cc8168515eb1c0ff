export type LimitSettings = {
  /** Never fewer: what is behind works in batches, and starves without some at once. */
  readonly min: number;
  readonly max: number;
  /** Half of the calls shall not take longer. */
  readonly targetMs: number;
};

const WINDOW_MS = 100;
const ENOUGH_SAMPLES = 10;
const GROWTH = 4;
const BACK_OFF = 0.9;

/**
 * How many calls may be worked on at once. Additive increase, multiplicative decrease around a latency: the rule by which TCP shares a link, as Netflix's
 * concurrency-limits does it in its AIMDLimit. More are let in while all places are taken and half of the calls come back within the target; fewer when they do not. By
 * Little's law it settles where places = throughput x target, whatever the throughput is at that moment. Limits that compare with the lowest latency ever seen (Vegas,
 * Gradient) settle too low here: group commit makes a crowd slower than a single call, and more of it done.
 *
 * Calls that began before places were taken away say nothing about those that are left, so they are not asked: one pause costs one step down, however many calls it caught (NewReno,
 * RFC 6582, which lowers its window once for all that was lost in it).
 */
export class ConcurrencyLimit {
  readonly #settings: LimitSettings;
  #places: number;
  #samples: number[] = [];
  #windowSince = 0;
  #wasFull = false;
  #loweredAt = -Infinity;

  constructor(settings: LimitSettings) {
    this.#settings = settings;
    this.#places = Math.min(settings.max, 2 * settings.min);
  }

  get places(): number {
    return Math.floor(this.#places);
  }

  /** A call came back after so long; `full`: all places were taken. */
  record(tookMs: number, full: boolean, now: number): void {
    if (now - tookMs < this.#loweredAt) return;
    if (this.#samples.length === 0) this.#windowSince = now;
    this.#samples.push(tookMs);
    this.#wasFull ||= full;
    if (this.#samples.length < ENOUGH_SAMPLES || now - this.#windowSince < WINDOW_MS) return;
    this.#settle(now);
    this.#samples = [];
    this.#wasFull = false;
  }

  #settle(now: number): void {
    const { min, max, targetMs } = this.#settings;
    if (median(this.#samples) > targetMs) {
      this.#places = Math.max(min, this.#places * BACK_OFF);
      this.#loweredAt = now;
    } else if (this.#wasFull) this.#places = Math.min(max, this.#places + GROWTH);
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}
