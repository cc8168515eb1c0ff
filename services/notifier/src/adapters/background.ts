import type { Logger } from "@countersign/telemetry";

/** Work that goes on after its request was answered. */
export class Background {
  readonly #underWay = new Set<Promise<void>>();
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  run(work: () => Promise<void>): void {
    const running = work()
      .catch((err: unknown) => this.#logger.warn({ err }, "an answer from a chat came to nothing"))
      .finally(() => this.#underWay.delete(running));
    this.#underWay.add(running);
  }

  /** Resolves when all of it has ended. */
  async settled(): Promise<void> {
    await Promise.all(this.#underWay);
  }
}
