import { setTimeout as sleep } from "node:timers/promises";
import type { RecordedEvent } from "@countersign/event-log";
import type { Cursor } from "./cursor.ts";
import type { Pace, Speed } from "./pace.ts";
import type { Sink } from "./sinks.ts";
import type { Batch } from "./sources.ts";

export type Replayed = { readonly events: number; readonly next: number; readonly seconds: number };

export type ReplayParts = {
  readonly sink: Sink;
  readonly speed: Speed;
  readonly pace: Pace;
  readonly limit: number;
  readonly cursor?: Cursor | undefined;
  readonly signal: AbortSignal;
};

const SAVE_EVERY_MS = 1000;
/** Waits shorter than this are gathered: timers are no finer. */
const GRAIN_MS = 2;

/** Sends batches on at the pace that was asked for. The cursor moves after what it names has arrived. */
export async function replay(source: AsyncIterable<Batch>, from: number, parts: ReplayParts): Promise<Replayed> {
  const { sink, cursor, signal } = parts;
  const start = performance.now();
  let [sent, next, saved] = [0, from, start];
  const save = async (): Promise<void> => {
    await sink.flush();
    cursor?.write(next);
    saved = performance.now();
  };
  try {
    for await (const batch of source) {
      for (const events of pieces(batch.events.slice(0, parts.limit - sent), parts.speed)) {
        await keepPace(parts, events);
        if (signal.aborted) break;
        await sink.write(events);
        sent += events.length;
        next = (events.at(-1)?.position ?? next) + 1;
        if (performance.now() - saved >= SAVE_EVERY_MS) await save();
      }
      if (signal.aborted || sent >= parts.limit) break;
      next = Math.max(next, batch.next);
    }
  } finally {
    // Also what came before an error is not to come twice.
    await save();
  }
  return { events: sent, next, seconds: (performance.now() - start) / 1000 };
}

/** At full speed whole batches; else event by event. */
function pieces(events: readonly RecordedEvent[], speed: Speed): readonly (readonly RecordedEvent[])[] {
  if (events.length === 0) return [];
  return speed.kind === "max" ? [events] : events.map((event) => [event]);
}

async function keepPace({ pace, signal }: ReplayParts, events: readonly RecordedEvent[]): Promise<void> {
  const first = events[0];
  const waitMs = first === undefined ? 0 : pace.waitMs(first.time.getTime(), performance.now());
  if (waitMs >= GRAIN_MS) await sleep(waitMs, undefined, { signal }).catch(() => {});
}
