import { sql, type Kysely } from "kysely";
import type { TileRows } from "../repair-tiles.ts";
import type { TileRow } from "./tables.ts";

/** Rows that are removed at once. */
const PAGE = 500;

/**
 * Lets `work` change tiles of an epoch, which the triggers let nobody do, in one transaction: what throws changes nothing. For a login that owns the tables.
 * Nobody seals meanwhile, since a sealer waits for the table; everybody reads what there was.
 */
export async function changingTiles<Result>(
  owner: Kysely<unknown>,
  { ledger, epoch }: { readonly ledger: string; readonly epoch: number },
  work: (rows: TileRows) => Promise<Result>,
): Promise<Result> {
  return owner.transaction().execute(async (transaction) => {
    await sql
      .raw("set local idle_in_transaction_session_timeout = 0; lock table audit.tile in share row exclusive mode")
      .execute(transaction);
    await sql.raw("alter table audit.tile disable trigger grow_only, disable trigger keep").execute(transaction);
    const result = await work(rowsOf(transaction, ledger, epoch));
    await sql.raw("alter table audit.tile enable always trigger grow_only, enable always trigger keep").execute(transaction);
    return result;
  });
}

function rowsOf(transaction: Kysely<unknown>, ledger: string, epoch: number): TileRows {
  const named = (tiles: readonly { readonly level: unknown; readonly index: number }[]) =>
    sql`unnest(${tiles.map(({ level }) => level)}::smallint[], ${tiles.map(({ index }) => index)}::bigint[]) with ordinality as n (level, index, at)`;
  return {
    read: async (tiles) => {
      const { rows } = await sql<{ at: number; hashes: Buffer }>`
        select n.at, t.hashes from ${named(tiles)}
        join audit.tile t on t.ledger = ${ledger} and t.epoch = ${epoch} and t.level = n.level and t.index = n.index`.execute(transaction);
      const found = new Map(rows.map(({ at, hashes }) => [at, hashes]));
      return tiles.map((_, number) => found.get(number + 1));
    },
    beyond: async (counts) => {
      const { rows } = await sql<TileRow>`
        select level, index, hashes from audit.tile
        where ledger = ${ledger} and epoch = ${epoch} and index >= coalesce((${counts}::bigint[])[level + 1], 0)
        order by level, index limit ${PAGE}`.execute(transaction);
      return rows.map(({ hashes: bytes, level, index }) => ({ level, index, bytes }));
    },
    write: async (tiles) => {
      await sql`
        insert into audit.tile (ledger, epoch, level, index, hashes)
        select ${ledger}, ${epoch}, w.level, w.index, w.hashes from unnest(
          ${tiles.map(({ id }) => id.level)}::smallint[], ${tiles.map(({ id }) => id.index)}::bigint[], ${tiles.map(({ bytes }) => Buffer.from(bytes))}::bytea[]
        ) as w (level, index, hashes)
        on conflict (ledger, epoch, level, index) do update set hashes = excluded.hashes`.execute(transaction);
    },
    remove: async (tiles) => {
      await sql`
        delete from audit.tile t using ${named(tiles)}
        where t.ledger = ${ledger} and t.epoch = ${epoch} and t.level = n.level and t.index = n.index`.execute(transaction);
    },
  };
}
