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
 * The same, and until the transaction ends no instance of the consumer gets on: they wait for the row before they touch their tables.
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
 * Moves the checkpoint, if it still stands at `from`. Do it first in the transaction: the row stays locked, so nobody else works on the same
 * events meanwhile.
 * @throws StaleCheckpoint when it stands elsewhere.
 */
export async function moveCheckpoint<Tables>(
  transaction: Kysely<Tables>,
  { consumer, ledger }: ConsumerKey,
  from: number,
  to: number,
): Promise<void> {
  const moved = await sql`
    update bus.checkpoint set next_position = ${to} where consumer = ${consumer} and ledger = ${ledger} and next_position = ${from}`.execute(
    transaction,
  );
  if (moved.numAffectedRows === 1n) return;
  const started =
    from === 0
      ? await sql`insert into bus.checkpoint (consumer, ledger, next_position) values (${consumer}, ${ledger}, ${to}) on conflict do nothing`.execute(
          transaction,
        )
      : undefined;
  if (started?.numAffectedRows !== 1n) throw new StaleCheckpoint(`${consumer} is no longer at ${from}`);
}
