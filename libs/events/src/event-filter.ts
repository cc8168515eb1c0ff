import { LRUCache } from "lru-cache";
import { knownEvent } from "./registry.ts";

/** Which events somebody wants; an absent member lets all through. */
export type EventSelection = {
  readonly types?: readonly string[];
  /** Who caused it. */
  readonly actor?: { readonly issuer: string; readonly id: string } | undefined;
  /** For whom the action is that it belongs to. */
  readonly subject?: Subject | undefined;
  /** This time or later. */
  readonly startTime?: Date | undefined;
  /** Earlier than this time. */
  readonly endTime?: Date | undefined;
};

export type Subject = { readonly type: string; readonly id: string };

type Stream = { readonly tenant: string; readonly type: string; readonly id: string };

/** What a filter looks at. */
export type FilteredEvent = {
  readonly stream: Stream;
  readonly streamVersion: number;
  readonly type: string;
  readonly schemaVersion: number;
  readonly time: Date;
  readonly actor: { readonly issuer: string; readonly id: string } | undefined;
  readonly data: Uint8Array;
};

/** Whether an event is one of those that were asked for. Only a selection by subject may have to look further than at the event. */
export function eventFilter(selection: EventSelection, subjects: Subjects): (event: FilteredEvent) => boolean | Promise<boolean> {
  const { actor, subject } = selection;
  const types = new Set(selection.types);
  const start = selection.startTime?.getTime() ?? Number.NEGATIVE_INFINITY;
  const end = selection.endTime?.getTime() ?? Number.POSITIVE_INFINITY;
  return (event) => {
    const time = event.time.getTime();
    if (time < start || time >= end || (types.size > 0 && !types.has(event.type))) return false;
    if (actor !== undefined && (event.actor?.id !== actor.id || event.actor.issuer !== actor.issuer)) return false;
    if (subject === undefined) return true;
    return subjects.of(event).then((found) => found?.type === subject.type && found.id === subject.id);
  };
}

/** For whom an action is: its first event says so. What was looked up is remembered, within bounds. */
export class Subjects {
  readonly #readStream: (stream: Stream) => Promise<readonly FilteredEvent[]>;
  readonly #known = new LRUCache<string, Subject>({ max: 20_000 });

  constructor(readStream: (stream: Stream) => Promise<readonly FilteredEvent[]>) {
    this.#readStream = readStream;
  }

  async of(event: FilteredEvent): Promise<Subject | undefined> {
    if (event.stream.type !== "action") return undefined;
    const key = `${event.stream.tenant} ${event.stream.id}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const first = event.streamVersion === 1 ? event : (await this.#readStream(event.stream))[0];
    const subject = first === undefined ? undefined : subjectOf(first);
    if (subject !== undefined) this.#known.set(key, subject);
    return subject;
  }
}

function subjectOf(event: FilteredEvent): Subject | undefined {
  const known = knownEvent(event);
  return known?.type === "ActionRequested" ? { type: known.data.subjectType, id: known.data.subjectId } : undefined;
}
