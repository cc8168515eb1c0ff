import type { EventReader, RecordedEvent } from "@countersign/event-log";
import type { Kysely } from "kysely";
import type { Projection, RefusedEvent } from "../projections/projection.ts";

/** Memory in use is that of one page and the rows it touches; small enough that other work of the process gets its turn every few milliseconds. */
const PAGE = 500;

/** A table that is being folded from the log beside the live one. */
export type FoldBeside = {
  /** Folded up to here, exclusive. */
  position: number;
  /** The first event of each stream that could not be folded, such as one of a newer build; what follows it in its stream is left out. */
  readonly refused: RefusedEvent[];
};

export function startFold(): FoldBeside {
  return { position: 0, refused: [] };
}

/** Folds the log into `table` up to `target`, page by page. */
export async function foldUpTo(
  fold: FoldBeside,
  target: number,
  parts: {
    readonly log: EventReader;
    readonly database: Kysely<unknown>;
    readonly projection: Projection;
    readonly table: string;
    readonly onPage?: (position: number) => void;
  },
): Promise<void> {
  const waiting = new Set(fold.refused.map(({ event }) => streamOf(event)));
  while (fold.position < target) {
    const page = await parts.log.readAll({ from: fold.position, limit: Math.min(PAGE, target - fold.position) });
    const last = page.at(-1);
    if (last === undefined) throw new Error(`the log ends at ${fold.position}, before the projection's position ${target}`);
    const events = page.filter((event) => event.position < target && !waiting.has(streamOf(event)));
    for (const refusal of await parts.projection.project(events, parts.database, parts.table)) {
      const stream = streamOf(refusal.event);
      if (!waiting.has(stream)) fold.refused.push(refusal);
      waiting.add(stream);
    }
    fold.position = Math.min(last.position + 1, target);
    parts.onPage?.(fold.position);
  }
}

function streamOf({ stream }: RecordedEvent): string {
  return JSON.stringify([stream.tenant, stream.type, stream.id]);
}
