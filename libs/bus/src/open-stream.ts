import { CommandError } from "./commands.ts";
import { Signal } from "./signal.ts";

/** A page leaves room in the megabyte that NATS carries. */
const PAGE_BYTES = 256 * 1024;

/** A stream at its source: produces a page ahead, then waits until it is taken. */
export class OpenStream {
  readonly #closing = new AbortController();
  readonly #filled = new Signal();
  readonly #taken = new Signal();
  readonly #idleMs: number;
  readonly #onIdle: () => void;
  #messages: Uint8Array[] = [];
  #bytes = 0;
  #ended = false;
  #failure: { readonly error: unknown } | undefined;
  #idle: NodeJS.Timeout | undefined;

  constructor(produce: (signal: AbortSignal) => AsyncIterable<Uint8Array>, idleMs: number, onIdle: () => void) {
    this.#idleMs = idleMs;
    this.#onIdle = onIdle;
    void this.#run(produce);
  }

  /**
   * What there is, after `waitMs` at most: perhaps nothing.
   * @throws what the source threw, once everything before it was taken.
   */
  async take(waitMs: number): Promise<{ readonly messages: readonly Uint8Array[]; readonly ended: boolean }> {
    clearTimeout(this.#idle);
    if (this.#messages.length === 0 && !this.#ended) await this.#filled.wait(waitMs);
    const messages = this.#messages;
    this.#messages = [];
    this.#bytes = 0;
    this.#taken.raise();
    if (this.#failure !== undefined && messages.length === 0) throw this.#failure.error;
    const ended = this.#ended && this.#failure === undefined;
    if (!ended) this.#watchIdleness();
    return { messages, ended };
  }

  /** What was not taken never is: its reader must not take the rest for the whole. */
  close(): void {
    clearTimeout(this.#idle);
    this.#failure ??= { error: new CommandError("UNAVAILABLE", "LINK_LOST", "the stream was closed before its end") };
    this.#closing.abort();
    this.#taken.raise();
    this.#filled.raise();
  }

  async #run(produce: (signal: AbortSignal) => AsyncIterable<Uint8Array>): Promise<void> {
    const { signal } = this.#closing;
    try {
      for await (const message of produce(signal)) {
        if (signal.aborted) break;
        this.#messages.push(message);
        this.#bytes += message.byteLength;
        this.#filled.raise();
        while (this.#bytes >= PAGE_BYTES && !signal.aborted) await this.#taken.wait(this.#idleMs);
      }
    } catch (error) {
      this.#failure ??= { error };
    }
    this.#ended = true;
    this.#filled.raise();
  }

  #watchIdleness(): void {
    this.#idle = setTimeout(() => {
      this.close();
      this.#onIdle();
    }, this.#idleMs);
    this.#idle.unref();
  }
}
