import type { Database } from "@countersign/database";
import { EventLogError, scanLedger, type AppendKeys } from "@countersign/event-log";
import { TILE_WIDTH } from "@countersign/tlog";
import { sql, type Kysely } from "kysely";
import type { SealableLog, SealedRange } from "../ports.ts";
import { forged, SealRefusedError } from "../refusal.ts";

const HASH = 32;

type LeafRow = { readonly position: number; readonly hash: Buffer };

/**
 * The event table as far as sealing needs it. What is to be sealed is read as every reader does it, entry and append code, so that nothing is sealed which no service
 * appended; what is sealed is compared by its hashes.
 */
export function postgresSealableLog(pool: Database, ledger: string, keys: AppendKeys): SealableLog {
  const database = pool.kysely<unknown>();
  const rowsOf = async (from: number, to: number, deep: boolean): Promise<readonly LeafRow[]> => {
    const { rows } = await sql<LeafRow>`
      select position, ${hashed(deep)} as hash from event_log.event
      where ledger = ${ledger} and position >= ${from} and position < ${to} order by position`.execute(database);
    return rows;
  };
  return {
    head: async () => {
      const { rows } = await sql<{
        head: number;
      }>`select next_position as head from event_log.ledger_head where ledger = ${ledger}`.execute(database);
      return rows[0]?.head ?? 0;
    },
    leaves: async (from, to) => {
      const hashes: Uint8Array[] = [];
      try {
        for await (const events of scanLedger(pool, ledger, { from, to }, keys)) hashes.push(...events.map(({ leafHash }) => leafHash));
      } catch (error) {
        if (!(error instanceof EventLogError) || error.code !== "corrupt") throw error;
        if (hashes.length > 0) return hashes;
        const { position } = error;
        if (position === undefined) throw error;
        if ((await rowsOf(position, position + 1, false)).length > 0) throw forged(position, error);
        throw new SealRefusedError("POSITION_GAP", position, `there is no event at position ${position}, and there are later ones`);
      }
      return hashes;
    },
    mismatches: async (range) => {
      const found: number[] = [];
      for (const index of await otherTiles(database, ledger, range)) {
        const [first, end] = [index * TILE_WIDTH, Math.min((index + 1) * TILE_WIDTH, range.to)];
        const { rows } = await sql<{ hashes: Buffer }>`
          select hashes from audit.tile where ledger = ${ledger} and epoch = ${range.epoch} and level = 0 and index = ${index}`.execute(
          database,
        );
        const sealed = split(rows[0]?.hashes ?? Buffer.alloc(0));
        const stored = new Map((await rowsOf(first, end, range.deep)).map(({ position, hash }) => [position, hash]));
        for (let position = first; position < end; position += 1) {
          const [row, hash] = [stored.get(position), sealed[position - first]];
          if (row === undefined || hash === undefined || !row.equals(hash)) found.push(position);
        }
      }
      return found;
    },
  };
}

/** Compared tile by tile inside the database, so that only what differs travels. */
async function otherTiles(
  database: Kysely<unknown>,
  ledger: string,
  { epoch, from, to, deep, maxTiles }: SealedRange,
): Promise<readonly number[]> {
  const [first, last] = [Math.floor(from / TILE_WIDTH), Math.ceil(to / TILE_WIDTH) - 1];
  const { rows } = await sql<{ index: number }>`
    with logged as (
      select position / ${TILE_WIDTH}::int as index, count(*) as width, string_agg(${hashed(deep)}, ''::bytea order by position) as hashes
      from event_log.event where ledger = ${ledger} and position >= ${first * TILE_WIDTH} and position < ${to} group by 1
    )
    select wanted.index from generate_series(${first}::bigint, ${last}::bigint) as wanted (index)
    left join logged using (index)
    left join audit.tile t on t.ledger = ${ledger} and t.epoch = ${epoch} and t.level = 0 and t.index = wanted.index
    where logged.hashes is null or t.hashes is null
      or logged.width <> least(${TILE_WIDTH}, ${to} - wanted.index * ${TILE_WIDTH})
      or logged.hashes <> substring(t.hashes for logged.width::int * ${HASH}::int)
    order by wanted.index limit ${maxTiles}`.execute(database);
  return rows.map(({ index }) => index);
}

/** RFC 6962 leaf hash: as stored, or computed from the entry. */
const hashed = (deep: boolean) => (deep ? sql`sha256('\\x00'::bytea || entry)` : sql`leaf_hash`);

function split(hashes: Buffer): readonly Buffer[] {
  return Array.from({ length: Math.floor(hashes.length / HASH) }, (_, index) => hashes.subarray(index * HASH, (index + 1) * HASH));
}
