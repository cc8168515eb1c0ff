import type { Logger } from "@countersign/telemetry";
import type { RecordedEvent } from "./event-log.ts";

type Listener = (events: readonly RecordedEvent[]) => void;

/** Tells everybody about what was committed; one who fails neither stops the others nor harms the append. */
export class CommitListeners {
  readonly #listeners = new Set<Listener>();
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** Returns what takes the listener off again. */
  add(listener: Listener): () => void {
    const entry: Listener = (events) => listener(events);
    this.#listeners.add(entry);
    return () => this.#listeners.delete(entry);
  }

  notify(events: readonly RecordedEvent[]): void {
    for (const listener of this.#listeners) {
      try {
        listener(events);
      } catch (error) {
        this.#logger.error({ err: error, position: events[0]?.position }, "a listener of the event log failed");
      }
    }
  }
}
