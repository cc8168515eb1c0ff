import { randomUUID } from "node:crypto";
import { sql, type Kysely, type Transaction } from "kysely";
import { TermLostError, type SealTerm, type SealWriter } from "../ports.ts";

/**
 * Takes the right to seal a ledger, unless another instance has it and renewed it within `lifetimeMs`. Each time that it changes hands its number grows, and each
 * transaction of the holder locks the row with its number first: whoever lost the right finds out before it signs.
 */
export async function takeSealTerm(database: Kysely<unknown>, ledger: string, lifetimeMs: number): Promise<SealTerm | undefined> {
  const holder = randomUUID();
  const until = sql`clock_timestamp() + ${lifetimeMs} * interval '1 millisecond'`;
  const { rows } = await sql<{ term: number }>`
    insert into audit.sealer as s (ledger, term, holder, expire_time) values (${ledger}, 1, ${holder}, ${until})
    on conflict (ledger) do update set term = s.term + 1, holder = excluded.holder, expire_time = excluded.expire_time
    where s.expire_time < clock_timestamp()
    returning term`.execute(database);
  const term = rows[0]?.term;
  if (term === undefined) return undefined;
  const extend = async (session: Kysely<unknown>): Promise<boolean> => {
    const { numAffectedRows } = await sql`
      update audit.sealer set expire_time = ${until}
      where ledger = ${ledger} and term = ${term} and holder = ${holder}`.execute(session);
    return numAffectedRows === 1n;
  };
  return {
    renew: () => extend(database),
    write: (work) =>
      database.transaction().execute(async (transaction) => {
        if (!(await extend(transaction))) throw new TermLostError(`another instance seals ledger ${ledger} now`);
        await work(writerOn(transaction, ledger));
      }),
    release: async () => {
      await sql`
        update audit.sealer set expire_time = clock_timestamp() - interval '1 millisecond'
        where ledger = ${ledger} and term = ${term} and holder = ${holder}`.execute(database);
    },
  };
}

function writerOn(transaction: Transaction<unknown>, ledger: string): SealWriter {
  return {
    tiles: async (epoch, tiles) => {
      const rows = tiles.map(({ id, bytes }) => ({ level: Number(id.level), index: id.index, hashes: Buffer.from(bytes) }));
      await sql`
        insert into audit.tile as t (ledger, epoch, level, index, hashes)
        select ${ledger}, ${epoch}, * from unnest(${rows.map(({ level }) => level)}::smallint[], ${rows.map(({ index }) => index)}::bigint[], ${rows.map(({ hashes }) => hashes)}::bytea[])
        on conflict (ledger, epoch, level, index) do update set hashes = excluded.hashes
        where octet_length(excluded.hashes) > octet_length(t.hashes)`.execute(transaction);
    },
    checkpoint: async ({ epoch, origin, size, root, note }) => {
      await sql`
        insert into audit.tree_checkpoint (ledger, epoch, size, origin, root, note)
        values (${ledger}, ${epoch}, ${size}, ${origin}, ${Buffer.from(root)}, ${Buffer.from(note)})`.execute(transaction);
    },
  };
}
