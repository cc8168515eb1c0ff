type SweeperSettings = {
  readonly everyMs: number;
  /** A sweep that comes so long after the last one was held up by the process itself. */
  readonly lateMs: number;
};

/**
 * Looks through what waits, again and again, for what has waited too long. A late sweep finds what has waited for nothing but the process, which stood still; and timers go before
 * what came in meanwhile. So it lets all off, once: a process that is always late sweeps every other time.
 */
export class Sweeper {
  readonly #settings: SweeperSettings;
  readonly #sweep: (now: number) => void;
  readonly #now: () => number;
  #timer: NodeJS.Timeout | undefined;
  #sweptAt = 0;
  #excused = false;

  /**
   * @param sweep ends the sweeping when nothing waits any more; must not throw
   * @param now monotonic milliseconds
   */
  constructor(settings: SweeperSettings, sweep: (now: number) => void, now: () => number = () => performance.now()) {
    this.#settings = settings;
    this.#sweep = sweep;
    this.#now = now;
  }

  /** Something waits from now on. Does nothing while it sweeps already. */
  begin(): void {
    if (this.#timer !== undefined) return;
    this.#sweptAt = this.#now();
    this.#excused = false;
    this.#timer = setInterval(() => this.#turn(), this.#settings.everyMs).unref();
  }

  end(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #turn(): void {
    const now = this.#now();
    this.#excused = !this.#excused && now - this.#sweptAt > this.#settings.lateMs;
    this.#sweptAt = now;
    if (!this.#excused) this.#sweep(now);
  }
}
