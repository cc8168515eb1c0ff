import { soundPart, type EventReader, type RecordedEvent } from "@countersign/event-log";
import { sql, type Kysely } from "kysely";
import type { ConsumerKey } from "./checkpoint.ts";
import { describeError, isStatementTimeout, OF_NEWER_BUILDS, StaleCheckpoint } from "./consumer-errors.ts";
import { tryRepeatedly, WAITS, type Failed, type Workplace } from "./handle-batch.ts";

type Stream = RecordedEvent["stream"];

/** Hands out again what a build did not know: the one that begins now may be newer. If it is not, they are parked again. */
export async function handOutUnknown<Tables>(database: Kysely<Tables>, { consumer, ledger }: ConsumerKey): Promise<void> {
  await sql`
    update bus.dead_letter set state = 'replay'
    where consumer = ${consumer} and ledger = ${ledger} and state = 'parked' and error = any (${OF_NEWER_BUILDS}::text[])`.execute(
    database,
  );
}

/**
 * Handles dead letters that were handed out again: stream by stream, each stream from its oldest on. One that fails is parked again, with all
 * behind it. Takes a few streams at a time, so that new events do not wait long. Returns whether there may be more.
 */
export async function replayParked<Tables>(work: Workplace<Tables>, log: Pick<EventReader, "readAll">): Promise<boolean> {
  const streams = await streamsToReplay(work.database, work.key);
  for (const stream of streams) await replayStream(work, log, stream);
  // Discarding happens behind our back; only the holder of the lease parks, so the table is right.
  if (!work.parked.empty) await work.parked.load(work.database, work.key);
  return streams.length === STREAMS_AT_A_TIME;
}

async function replayStream<Tables>(work: Workplace<Tables>, log: Pick<EventReader, "readAll">, stream: Stream): Promise<void> {
  for (const position of await parkedPositions(work.database, work.key, stream)) {
    // One that is corrupt stays a dead letter: the streams of others do not wait for it.
    const { events, flaw } = await soundPart(log.readAll({ from: position, limit: 1 }));
    const [event] = events;
    const problem =
      event?.position === position
        ? await tryRepeatedly(() => replayOne(work, event)).catch(unlessTooLong)
        : { error: flaw ?? new RangeError("the log does not hold the event of a dead letter"), attempts: 1 };
    if (problem === undefined) continue;
    await parkAgain(work, stream, position, problem);
    return;
  }
  // Only the holder of the lease parks, and it is busy here: nothing was added meanwhile.
  work.parked.remove(stream);
}

/** New events are not to wait for an old one that takes too long. It is parked already, so that nothing is lost when it stays so. */
function unlessTooLong(error: unknown): Failed {
  if (error instanceof Error && isStatementTimeout(error)) return { error, attempts: 1 };
  throw error;
}

async function replayOne<Tables>({ database, definition, key }: Workplace<Tables>, event: RecordedEvent): Promise<void> {
  await database.transaction().execute(async (transaction) => {
    const removed = await sql`
      delete from bus.dead_letter where consumer = ${key.consumer} and ledger = ${key.ledger} and position = ${event.position}`.execute(
      transaction,
    );
    if (removed.numAffectedRows !== 1n) throw new StaleCheckpoint("somebody else has replayed this dead letter");
    definition.refuseUnknown?.(event);
    // It was parked because it was not known. Now it is, and may be none of those that are wanted.
    if (definition.types?.includes(event.type) ?? true) await definition.handle([event], transaction);
  });
}

async function parkAgain<Tables>(
  { database, key, logger }: Workplace<Tables>,
  stream: Stream,
  position: number,
  failed: Failed,
): Promise<void> {
  const error = describeError(failed.error);
  await sql`
    update bus.dead_letter set state = 'parked', parked_at = now(),
      error = case when position = ${position} then ${error} else ${WAITS} end,
      attempts = attempts + case when position = ${position} then ${failed.attempts}::integer else 0 end
    where consumer = ${key.consumer} and ledger = ${key.ledger}
      and tenant = ${stream.tenant} and stream_type = ${stream.type} and stream_id = ${stream.id} and state <> 'discarded'`.execute(
    database,
  );
  logger.error({ ...key, position, error }, "consumer parked a dead letter again");
}

/** Streams of which something was handed out again, or whose oldest letter waits behind one that was discarded. */
async function streamsToReplay<Tables>(database: Kysely<Tables>, { consumer, ledger }: ConsumerKey): Promise<readonly Stream[]> {
  const { rows } = await sql<Stream>`
    select tenant, stream_type as type, stream_id as id from bus.dead_letter
    where consumer = ${consumer} and ledger = ${ledger} and state <> 'discarded'
    group by tenant, stream_type, stream_id
    having bool_or(state = 'replay') or (array_agg(attempts order by position))[1] = 0
    order by min(position) limit ${STREAMS_AT_A_TIME}`.execute(database);
  return rows;
}

async function parkedPositions<Tables>(
  database: Kysely<Tables>,
  { consumer, ledger }: ConsumerKey,
  stream: Stream,
): Promise<readonly number[]> {
  const { rows } = await sql<{ position: string }>`
    select position::text as position from bus.dead_letter
    where consumer = ${consumer} and ledger = ${ledger} and tenant = ${stream.tenant} and stream_type = ${stream.type} and stream_id = ${stream.id}
      and state <> 'discarded'
    order by bus.dead_letter.position`.execute(database);
  return rows.map((row) => Number(row.position));
}

const STREAMS_AT_A_TIME = 50;
