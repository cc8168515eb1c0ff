import type { EventReader, RecordedEvent } from "@countersign/event-log";
import { LRUCache } from "lru-cache";
import type { ReportEvent } from "./report-event.ts";
import { NO_HISTORY, remember, type History } from "./history.ts";

/** Actions whose histories are kept at once; one that was dropped is read from the log again. */
const KEPT = 10_000;
/** One less than the log has connections to read with: others read, too. */
const AT_ONCE = 3;
const ACTION = "action";

export type ToReportEvent = (event: RecordedEvent) => ReportEvent;

/** A history, and the position of the last event in it. */
type Kept = { readonly history: History; readonly position: number };

type Watched = { readonly recorded: RecordedEvent; readonly action: string | undefined };

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
  async before(event: RecordedEvent, action: string | undefined): Promise<History> {
    const known = this.#known(event, action);
    if (known !== undefined || action === undefined) return known ?? NO_HISTORY;
    return (await this.#read(event, action)).history;
  }

  /** Reads what `before` would have to read for these events, a few actions at a time: for whoever has many to catch up with. */
  async prepare(events: readonly Watched[]): Promise<void> {
    const first = new Map<string, Watched & { readonly action: string }>();
    for (const { recorded, action } of events) {
      const key = keyOf(recorded.stream.tenant, action ?? "");
      if (action !== undefined && !first.has(key)) first.set(key, { recorded, action });
    }
    const missing = [...first].filter(([, { recorded, action }]) => this.#known(recorded, action) === undefined);
    for (let at = 0; at < missing.length; at += AT_ONCE) {
      const some = missing.slice(at, at + AT_ONCE);
      await Promise.all(some.map(async ([key, { recorded, action }]) => this.#kept.set(key, await this.#read(recorded, action))));
    }
  }

  /** The history up to this event. */
  keep({ stream: { tenant }, position }: RecordedEvent, action: string | undefined, history: History): void {
    if (action !== undefined) this.#kept.set(keyOf(tenant, action), { history, position });
  }

  /** Undefined when the log has to be asked. */
  #known({ stream: { tenant, type }, streamVersion, position }: RecordedEvent, action: string | undefined): History | undefined {
    if (action === undefined || (type === ACTION && streamVersion === 1)) return NO_HISTORY;
    const kept = this.#kept.get(keyOf(tenant, action));
    // An event that comes again is not one of its own past.
    return kept !== undefined && kept.position < position ? kept.history : undefined;
  }

  async #read({ stream: { tenant }, position }: RecordedEvent, action: string): Promise<Kept> {
    const stream = await this.#log.readStream({ tenant, type: ACTION, id: action });
    const earlier = stream.filter((event) => event.position < position);
    return { history: earlier.map(this.#toReportEvent).reduce(remember, NO_HISTORY), position: earlier.at(-1)?.position ?? -1 };
  }

  /** Others have read on meanwhile: what is kept may lack events. */
  forget(): void {
    this.#kept.clear();
  }
}

const keyOf = (tenant: string, action: string): string => `${tenant}\0${action}`;
