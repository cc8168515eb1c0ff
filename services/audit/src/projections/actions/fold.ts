import type { RecordedEvent } from "@countersign/event-log";
import type { RefusedEvent } from "../projection.ts";
import type { ActionState } from "./action-state.ts";
import { evolve } from "./evolve.ts";
import type { ActionFact } from "./fact.ts";

/** An event does not follow the last one that the row has seen: something between them is missing. */
export class StreamGapError extends Error {
  override readonly name = "StreamGapError";

  constructor(expected: number, actual: number) {
    super(`expected version ${expected} of the stream, got ${actual}`);
  }
}

export type ActionStream = {
  readonly tenant: string;
  readonly id: string;
  readonly events: readonly RecordedEvent[];
};

/** The batch by action, in order of first appearance; streams of other types are none of ours. */
export function actionStreams(events: readonly RecordedEvent[]): readonly ActionStream[] {
  const streams = new Map<string, { tenant: string; id: string; events: RecordedEvent[] }>();
  for (const event of events) {
    if (event.stream.type !== "action") continue;
    const key = streamKey(event.stream);
    const stream = streams.get(key);
    if (stream === undefined) streams.set(key, { tenant: event.stream.tenant, id: event.stream.id, events: [event] });
    else stream.events.push(event);
  }
  return [...streams.values()];
}

/** No name in the log holds U+0000. */
export function streamKey(stream: { readonly tenant: string; readonly id: string }): string {
  return `${stream.tenant}\0${stream.id}`;
}

/** One action's state after its events of the batch; `refused` starts with the first one that could not be folded. */
export function foldStream(
  before: ActionState | undefined,
  events: readonly RecordedEvent[],
  toFact: (event: RecordedEvent) => ActionFact,
): { readonly state: ActionState | undefined; readonly refused: readonly RefusedEvent[] } {
  let state = before;
  for (const [index, event] of events.entries()) {
    const expected = (state?.version ?? 0) + 1;
    if (event.streamVersion < expected) continue;
    try {
      if (event.streamVersion > expected) throw new StreamGapError(expected, event.streamVersion);
      state = evolve(state, { position: event.position, version: event.streamVersion, time: event.time.getTime(), fact: toFact(event) });
    } catch (error) {
      const cause = error instanceof Error ? error : new Error(String(error));
      return { state, refused: events.slice(index).map((refused) => ({ event: refused, error: cause })) };
    }
  }
  return { state, refused: [] };
}
