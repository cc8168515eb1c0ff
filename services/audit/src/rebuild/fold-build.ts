import type { RecordedEvent } from "@countersign/event-log";
import { sql, type Kysely } from "kysely";
import type { Projection, RefusedEvent } from "../projections/projection.ts";
import { DIGEST_EVERY, forbidResume, saveBuild, type Build } from "./build.ts";

/** Reads a stretch of the log, checked, in position order. */
export type Scan = (range: { readonly from: number; readonly to: number }) => AsyncIterable<readonly RecordedEvent[]>;

export type FoldParts = {
  readonly scan: Scan;
  readonly projection: Projection;
  readonly build: Build;
  /** Events per transaction. */
  readonly batch: number;
  /** The first event of each stream that could not be folded, such as one of a newer build; what follows it in its stream is left out. */
  readonly refused: RefusedEvent[];
  readonly onProgress: (position: number) => void;
};

/**
 * Folds the log into a build up to `target`. What it has so far is durable batch by batch, table and position together, unless `transaction` makes
 * it part of a larger step.
 */
export async function foldUpTo(parts: FoldParts, session: Kysely<unknown>, target: number, transaction?: Kysely<unknown>): Promise<void> {
  const { build } = parts;
  let batch: RecordedEvent[] = [];
  let end = batchEnd(build.position, target, parts.batch);
  const flush = async (): Promise<void> => {
    const events = batch;
    const position = end;
    batch = [];
    if (transaction !== undefined) await foldBatch(parts, transaction, events, position);
    else
      await session.transaction().execute(async (own) => {
        // It is only work that can be done again: no commit waits for the disk.
        await sql`set local synchronous_commit = off`.execute(own);
        await foldBatch(parts, own, events, position);
      });
    parts.onProgress(position);
    end = batchEnd(position, target, parts.batch);
  };
  for await (const events of parts.scan({ from: build.position, to: target })) {
    for (const event of events) {
      batch.push(event);
      if (event.position + 1 === end) await flush();
    }
  }
}

/** Batches end where digests are due, so that each is that of one position. */
function batchEnd(from: number, target: number, batch: number): number {
  const due = (Math.floor(from / DIGEST_EVERY) + 1) * DIGEST_EVERY;
  return Math.min(from + batch, due, target);
}

async function foldBatch(
  { projection, build, refused }: FoldParts,
  transaction: Kysely<unknown>,
  events: readonly RecordedEvent[],
  position: number,
): Promise<void> {
  const waiting = new Set(refused.map(({ event }) => streamOf(event)));
  const ready = waiting.size === 0 ? events : events.filter((event) => !waiting.has(streamOf(event)));
  const refusals = await projection.project(ready, transaction, build.table, (before, after) => build.digest.change(before, after));
  for (const refusal of refusals) {
    const stream = streamOf(refusal.event);
    if (!waiting.has(stream)) refused.push(refusal);
    waiting.add(stream);
  }
  if (refusals.length > 0) await forbidResume(transaction, projection, build);
  build.position = position;
  await saveBuild(transaction, projection, build);
}

function streamOf({ stream }: RecordedEvent): string {
  return JSON.stringify([stream.tenant, stream.type, stream.id]);
}
