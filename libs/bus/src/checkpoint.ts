import { sql, type Kysely } from "kysely";
import { StaleCheckpoint } from "./consumer-errors.ts";

/** Names one consumer on one ledger. */
export type ConsumerKey = { readonly consumer: string; readonly ledger: string };

/** The first position that is not handled yet; 0 for a consumer that has never run. */
export async function readCheckpoint<Tables>(database: Kysely<Tables>, { consumer, ledger }: ConsumerKey): Promise<number> {
  const { rows } = await sql<{ next: string }>`
    select next_position::text as next from bus.checkpoint where consumer = ${consumer} and ledger = ${ledger}`.execute(database);
  return Number(rows[0]?.next ?? 0);
}

/**
 * Which server this is, and since when it runs. Another one may have lost the newest events (a standby that lagged), and what was heard of them here must not be
 * written there.
 */
export async function serverOf<Tables>(database: Kysely<Tables>): Promise<string> {
  const { rows } = await sql<{ server: string }>`select ${SERVER} as server`.execute(database);
  return rows[0]?.server ?? "";
}

const SERVER = sql`extract(epoch from pg_postmaster_start_time())::text`;

/**
 * The same as `readCheckpoint`, and until the transaction ends no instance of the consumer gets on: they wait for the row before they touch their tables.
 */
export async function lockCheckpoint<Tables>(transaction: Kysely<Tables>, { consumer, ledger }: ConsumerKey): Promise<number> {
  // A consumer that has never run has no row to lock.
  await sql`insert into bus.checkpoint (consumer, ledger, next_position) values (${consumer}, ${ledger}, 0) on conflict do nothing`.execute(
    transaction,
  );
  const { rows } = await sql<{ next: string }>`
    select next_position::text as next from bus.checkpoint where consumer = ${consumer} and ledger = ${ledger} for update`.execute(
    transaction,
  );
  return Number(rows[0]?.next ?? 0);
}

/**
 * Moves the checkpoint, if it still stands at `from`, on the server on which it was read. Do it first in the transaction: the row stays locked, so nobody else works on the same
 * events meanwhile.
 * @throws StaleCheckpoint when it stands elsewhere, or the server is another one.
 */
export async function moveCheckpoint<Tables>(
  transaction: Kysely<Tables>,
  { consumer, ledger }: ConsumerKey,
  { from, to, server }: { readonly from: number; readonly to: number; readonly server: string },
): Promise<void> {
  const moved = await sql`
    update bus.checkpoint set next_position = ${to}
    where consumer = ${consumer} and ledger = ${ledger} and next_position = ${from} and ${SERVER} = ${server}`.execute(transaction);
  if (moved.numAffectedRows === 1n) return;
  const started =
    from === 0
      ? await sql`
          insert into bus.checkpoint (consumer, ledger, next_position) select ${consumer}, ${ledger}, ${to}::bigint where ${SERVER} = ${server}
          on conflict do nothing`.execute(transaction)
      : undefined;
  if (started?.numAffectedRows !== 1n) throw new StaleCheckpoint(`${consumer} is no longer at ${from}`);
}
