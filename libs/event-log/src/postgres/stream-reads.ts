import type pg from "pg";
import type { StreamName } from "../event-log.ts";
import { SharedReads } from "../shared-reads.ts";
import type { StoredRow } from "../stored-events.ts";
import { int8Array, textArray } from "./binary-array.ts";

export type StreamRead = { readonly stream: StreamName; readonly afterVersion: number };

/** Reads streams of one ledger to their ends, those that wait at the same time in one statement. */
export function streamReads(pool: pg.Pool, ledger: string): (wanted: StreamRead) => Promise<readonly StoredRow[]> {
  const shared = new SharedReads<pg.PoolClient, StreamRead, readonly StoredRow[]>({
    connect: () => pool.connect(),
    send: (client, reads) => givenBack(client, readTogether(client, ledger, reads)),
    limit: MAX_READS,
  });
  return async (wanted) => {
    const page = await shared.read(wanted);
    if (page.length !== PAGE) return page;
    // A long stream: by itself, so that nobody waits for its end who asked for another.
    const { rows } = await pool.query<StoredRow>(readAlone(ledger, { ...wanted, afterVersion: wanted.afterVersion + PAGE }));
    return [...page, ...rows];
  };
}

async function readTogether(
  client: pg.PoolClient,
  ledger: string,
  reads: readonly StreamRead[],
): Promise<readonly (readonly StoredRow[])[]> {
  const [first] = reads;
  if (first !== undefined && reads.length === 1) return [(await client.query<StoredRow>(readAlone(ledger, first))).rows];
  const values = [
    ledger,
    textArray(reads.map(({ stream }) => stream.tenant)),
    textArray(reads.map(({ stream }) => stream.type)),
    textArray(reads.map(({ stream }) => stream.id)),
    int8Array(reads.map(({ afterVersion }) => afterVersion)),
  ];
  const { rows } = await client.query<StoredRow & { readonly at: number }>({ ...READ_STREAMS, values });
  const pages: StoredRow[][] = reads.map(() => []);
  for (const row of rows) pages[row.at - 1]?.push(row);
  return pages;
}

/** A connection on which something failed is not used again, as `pool.query` has it. */
async function givenBack<Result>(client: pg.PoolClient, work: Promise<Result>): Promise<Result> {
  const result = await work.catch((error: unknown) => {
    client.release(true);
    throw error;
  });
  client.release();
  return result;
}

function readAlone(ledger: string, { stream, afterVersion }: StreamRead): pg.QueryConfig {
  return { ...READ_STREAM, values: [ledger, stream.tenant, stream.type, stream.id, afterVersion] };
}

/** By hand and prepared: a third of the time that Postgres spent on it went into parsing, and reloads ask it most. */
const READ_STREAM = {
  name: "event-log-read-stream",
  text: `select position, entry, leaf_hash, append_code from event_log.event
    where (ledger, tenant, stream_type, stream_id) = ($1, $2, $3, $4) and stream_version > $5 order by stream_version`,
};

/** Events of one stream, and reads, in a shared statement: most find none, or an action's few, and together they must not fill the memory. */
const PAGE = 32;
const MAX_READS = 64;

/**
 * The subselect is asked once for each read, and gives its rows in order. Arrays from a `select` look equally long to the planner whether it knows
 * them or not, so it soon keeps one plan for all; otherwise it plans again for each statement that is shorter than it guesses.
 */
const READ_STREAMS = {
  name: "event-log-read-streams",
  text: `select r.at::int, e.position, e.entry, e.leaf_hash, e.append_code
    from unnest((select $2::text[]), (select $3::text[]), (select $4::text[]), (select $5::int8[])) with ordinality
        as r (tenant, type, id, after_version, at),
      lateral (
        select position, entry, leaf_hash, append_code from event_log.event
        where (ledger, tenant, stream_type, stream_id) = ($1, r.tenant, r.type, r.id) and stream_version > r.after_version
        order by stream_version limit ${PAGE}
      ) e`,
};
