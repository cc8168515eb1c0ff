import { currentDeadline } from "./deadline.ts";
import { EventLogError } from "./errors.ts";

/** Work that waits for its turn. */
export type Pending<Request, Outcome> = {
  readonly request: Request;
  readonly bytes: number;
  /** By `performance.now()`. */
  readonly deadline: number;
  readonly resolve: (outcome: Outcome) => void;
  readonly reject: (error: unknown) => void;
};

/**
 * Gathers what is asked for while a batch is under way into the next batch. There is no timer: a lone request starts at once, and the more
 * there are the larger the batches get. `work` settles each request of its batch; if it throws, those that are left are rejected with that.
 */
export class CombiningQueue<Request, Outcome> {
  readonly #pending: Pending<Request, Outcome>[] = [];
  readonly #work: (batch: readonly Pending<Request, Outcome>[]) => Promise<void>;
  readonly #limits: { readonly requests: number; readonly bytes: number };
  #running: Promise<void> | undefined;
  #lookAt = MANY;

  constructor(
    work: (batch: readonly Pending<Request, Outcome>[]) => Promise<void>,
    limits: { readonly requests: number; readonly bytes: number },
  ) {
    this.#work = work;
    this.#limits = limits;
  }

  add(request: Request, bytes: number): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ request, bytes, deadline: currentDeadline(), resolve, reject });
      // Batches can be stuck for a while. Looking each time it has doubled costs next to nothing.
      if (this.#pending.length >= this.#lookAt) this.#lookAt = Math.max(MANY, 2 * this.#dropLate());
      this.#running ??= this.#run();
    });
  }

  /** Resolves when nothing is waiting or under way. */
  async idle(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
  }

  async #run(): Promise<void> {
    // To the end of this turn of the event loop: what arrived together goes together.
    await new Promise(setImmediate);
    while (this.#pending.length > 0) {
      const batch = this.#take();
      if (batch.length === 0) break;
      try {
        await this.#work(batch);
      } catch (error) {
        for (const { reject } of batch) reject(error);
      }
    }
    this.#running = undefined;
  }

  /** @returns how many are left */
  #dropLate(): number {
    const now = performance.now();
    const all = this.#pending.splice(0);
    for (const pending of all) {
      if (pending.deadline > now) this.#pending.push(pending);
      else pending.reject(new EventLogError("too_late", "whoever asked for it waits no longer; nothing was recorded"));
    }
    return this.#pending.length;
  }

  #take(): readonly Pending<Request, Outcome>[] {
    this.#dropLate();
    let count = 0;
    let bytes = 0;
    for (const pending of this.#pending) {
      bytes += pending.bytes;
      if (count > 0 && (bytes > this.#limits.bytes || count === this.#limits.requests)) break;
      count += 1;
    }
    return this.#pending.splice(0, count);
  }
}

const MANY = 1024;
