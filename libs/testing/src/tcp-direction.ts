import type { Socket } from "node:net";

type Held = { readonly due: number; readonly chunk: Buffer };

/** One direction of a connection: bytes leave in the order in which they came, each when it is due. */
export class Direction {
  readonly #to: Socket;
  readonly #held: Held[] = [];
  #delayMs: number;
  #ended = false;
  #timer: NodeJS.Timeout | undefined;
  readonly #onHeld: () => void;

  /** @param onHeld told of each piece that has to wait */
  constructor(to: Socket, delayMs: number, onHeld: () => void) {
    this.#to = to;
    this.#delayMs = delayMs;
    this.#onHeld = onHeld;
  }

  send(chunk: Buffer): void {
    if (this.#delayMs === 0 && this.#held.length === 0) this.#to.write(chunk);
    else {
      this.#held.push({ due: performance.now() + this.#delayMs, chunk });
      this.#onHeld();
      this.#schedule();
    }
  }

  /** Nothing comes after what is held. */
  end(): void {
    this.#ended = true;
    this.#flush();
  }

  /** What is held is due so much from now, or at once with 0; `Infinity`: not before the next call. */
  delay(milliseconds: number): void {
    this.#delayMs = milliseconds;
    const due = performance.now() + milliseconds;
    this.#held.splice(0, this.#held.length, ...this.#held.map(({ chunk }) => ({ due, chunk })));
    this.#flush();
  }

  #flush(): void {
    const now = performance.now();
    for (let [first] = this.#held; first !== undefined && first.due <= now; [first] = this.#held) {
      this.#held.shift();
      if (!this.#to.destroyed) this.#to.write(first.chunk);
    }
    if (this.#held.length > 0) this.#schedule();
    else if (this.#ended && !this.#to.destroyed) this.#to.end();
  }

  #schedule(): void {
    clearTimeout(this.#timer);
    const [first] = this.#held;
    if (first === undefined || first.due === Infinity) return;
    this.#timer = setTimeout(() => this.#flush(), Math.max(1, first.due - performance.now()));
  }
}
