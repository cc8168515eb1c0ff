import { setTimeout as sleep } from "node:timers/promises";
import type { Assurance, TreeStore } from "./ports.ts";

/** How often to look while somebody waits. */
const LOOK_MS = 40;

/** Waits for checkpoints, whichever instance makes them. However many wait, one question at a time goes to the database; when nobody waits, none. */
export class SealWatch {
  readonly #store: Pick<TreeStore, "newest">;
  readonly #looking = new Map<Assurance, Promise<number>>();

  constructor(store: Pick<TreeStore, "newest">) {
    this.#store = store;
  }

  /** Whether a checkpoint covers the position before the time is over. */
  async covered(position: number, assurance: Assurance, timeoutMs: number): Promise<boolean> {
    const until = performance.now() + timeoutMs;
    for (;;) {
      if ((await this.#size(assurance)) > position) return true;
      const remaining = until - performance.now();
      if (remaining <= 0) return false;
      await sleep(Math.min(LOOK_MS, remaining));
    }
  }

  #size(assurance: Assurance): Promise<number> {
    const running = this.#looking.get(assurance);
    if (running !== undefined) return running;
    const look = this.#store
      .newest({ assurance })
      .then((checkpoint) => checkpoint?.size ?? 0)
      .finally(() => this.#looking.delete(assurance));
    this.#looking.set(assurance, look);
    return look;
  }
}
