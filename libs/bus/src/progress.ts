/** How far a consumer is, and who waits for it to get somewhere. */
export class Progress {
  #next = 0;
  #closed: string | undefined;
  #waiters: { readonly position: number; readonly resolve: () => void; readonly reject: (error: Error) => void }[] = [];

  get waiting(): boolean {
    return this.#waiters.length > 0;
  }

  /** The farthest position that somebody waits for. */
  get wanted(): number {
    return this.#waiters.reduce((farthest, { position }) => Math.max(farthest, position), 0);
  }

  /** Resolves once every event before `position` is done; rejects when the consumer is closed before. */
  reached(position: number): Promise<void> {
    if (this.#closed !== undefined) return Promise.reject(new Error(this.#closed));
    if (this.#next >= position) return Promise.resolve();
    return new Promise((resolve, reject) => this.#waiters.push({ position, resolve, reject }));
  }

  advance(next: number): void {
    this.#next = next;
    if (this.#waiters.length === 0) return;
    const done = this.#waiters.filter(({ position }) => position <= next);
    this.#waiters = this.#waiters.filter(({ position }) => position > next);
    for (const { resolve } of done) resolve();
  }

  close(reason: string): void {
    this.#closed = reason;
    for (const { reject } of this.#waiters.splice(0)) reject(new Error(reason));
  }
}
