/** Wakes one sleeper; a wake-up that comes while it is busy is kept for its next sleep. */
export class Signal {
  #raised = false;
  #wake: (() => void) | undefined;

  raise(): void {
    this.#raised = true;
    this.#wake?.();
  }

  /** What woke it before counts no more: its next sleep is for what comes now. */
  lower(): void {
    this.#raised = false;
  }

  /** Returns when raised, or after `milliseconds`; says whether it was raised. */
  async wait(milliseconds: number): Promise<boolean> {
    if (!this.#raised) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, milliseconds);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = undefined;
    }
    const raised = this.#raised;
    this.#raised = false;
    return raised;
  }
}
