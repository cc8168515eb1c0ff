import type { EventReader, RecordedEvent } from "@countersign/event-log";
import { LRUCache } from "lru-cache";
import type { ReportEvent } from "./event.ts";
import { NO_HISTORY, remember, type History } from "./history.ts";

/** Actions whose histories are kept at once; one that was dropped is read from the log again. */
const KEPT = 10_000;
const ACTION = "action";

export type ToReportEvent = (event: RecordedEvent) => ReportEvent;

/** A history, and the position of the last event in it. */
type Kept = { readonly history: History; readonly position: number };

/** What earlier events said of each action, in bounded memory: also of actions that began before the reader did. */
export class Histories {
  readonly #log: Pick<EventReader, "readStream">;
  readonly #toReportEvent: ToReportEvent;
  readonly #kept: LRUCache<string, Kept>;

  constructor(log: Pick<EventReader, "readStream">, toReportEvent: ToReportEvent, kept = KEPT) {
    this.#log = log;
    this.#toReportEvent = toReportEvent;
    this.#kept = new LRUCache({ max: kept });
  }

  /** Before this event. */
  async before({ stream: { tenant, type }, streamVersion, position }: RecordedEvent, action: string | undefined): Promise<History> {
    if (action === undefined || (type === ACTION && streamVersion === 1)) return NO_HISTORY;
    const kept = this.#kept.get(keyOf(tenant, action));
    // An event that comes again is not one of its own past.
    if (kept !== undefined && kept.position < position) return kept.history;
    const earlier = await this.#log.readStream({ tenant, type: ACTION, id: action });
    return earlier
      .filter((event) => event.position < position)
      .map(this.#toReportEvent)
      .reduce(remember, NO_HISTORY);
  }

  /** The history up to this event. */
  keep({ stream: { tenant }, position }: RecordedEvent, action: string | undefined, history: History): void {
    if (action !== undefined) this.#kept.set(keyOf(tenant, action), { history, position });
  }

  /** Others have read on meanwhile: what is kept may lack events. */
  forget(): void {
    this.#kept.clear();
  }
}

const keyOf = (tenant: string, action: string): string => `${tenant}\0${action}`;
