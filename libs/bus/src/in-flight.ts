/** Counts work under way, so that closing can wait for it. */
export class InFlight {
  #count = 0;
  #waiters: (() => void)[] = [];

  /** Starts work that takes care of its own errors. */
  run(work: () => Promise<void>): void {
    this.#count += 1;
    void work().finally(() => {
      this.#count -= 1;
      if (this.#count > 0) return;
      for (const wake of this.#waiters.splice(0)) wake();
    });
  }

  /** Resolves once nothing is under way. */
  async idle(): Promise<void> {
    if (this.#count === 0) return;
    await new Promise<void>((resolve) => this.#waiters.push(resolve));
  }
}
