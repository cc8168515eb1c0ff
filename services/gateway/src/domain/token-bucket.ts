/** So many a second on average, `burst` at once. */
export type Rate = { readonly perSecond: number; readonly burst: number };

/** Fills up with time; each call takes one out. */
export class TokenBucket {
  readonly #rate: Rate;
  #tokens: number;
  #filledAt: number;

  constructor(rate: Rate, now: number) {
    this.#rate = rate;
    this.#tokens = rate.burst;
    this.#filledAt = now;
  }

  /** Takes one, and returns 0; or takes none, and returns in how many milliseconds there will be one. */
  take(now: number): number {
    this.#fill(now);
    if (this.#tokens < 1) return Math.ceil(((1 - this.#tokens) * 1000) / this.#rate.perSecond);
    this.#tokens -= 1;
    return 0;
  }

  /** Nothing is remembered here that a new one would not know. */
  isFull(now: number): boolean {
    this.#fill(now);
    return this.#tokens >= this.#rate.burst;
  }

  #fill(now: number): void {
    // A clock that went back gives nothing and takes nothing.
    const elapsed = Math.max(0, now - this.#filledAt);
    this.#filledAt = now;
    this.#tokens = Math.min(this.#rate.burst, this.#tokens + (elapsed * this.#rate.perSecond) / 1000);
  }
}
