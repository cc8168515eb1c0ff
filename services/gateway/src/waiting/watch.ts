/** One caller's interest in something that counts up: an action's version, or a tenant's end of the log. */
export class Watch {
  readonly #onClose: () => void;
  #latest = 0;
  #cause = "";
  #wake: (() => void) | undefined;

  constructor(onClose: () => void) {
    this.#onClose = onClose;
  }

  /** The highest count that was heard of. */
  get latest(): number {
    return this.#latest;
  }

  /** `traceparent` of what was heard last. */
  get cause(): string {
    return this.#cause;
  }

  /** A hint came in. */
  hear(count: number, traceparent = ""): void {
    if (count <= this.#latest) return;
    this.#latest = count;
    this.#cause = traceparent;
    this.#wake?.();
  }

  /**
   * Resolves once something beyond `count` was heard of, at once if it was before, or after the time given: hints may be lost.
   * @throws the signal's reason when it aborts.
   */
  async beyond(count: number, timeoutMs: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#latest > count) return;
    await new Promise<void>((resolve) => {
      const settle = (): void => {
        clearTimeout(timer);
        signal.removeEventListener("abort", settle);
        this.#wake = undefined;
        resolve();
      };
      const timer = setTimeout(settle, timeoutMs);
      signal.addEventListener("abort", settle);
      this.#wake = () => {
        if (this.#latest > count) settle();
      };
    });
    signal.throwIfAborted();
  }

  /** To be called in any case. */
  close(): void {
    this.#onClose();
  }
}
