import { sql, type Kysely } from "kysely";

/** The position of a tenant's event by its id (a UUID in text), through the index of the ranges in which ids lie. */
export async function positionOfEvent(
  database: Kysely<unknown>,
  ledger: string,
  tenant: string,
  eventId: string,
): Promise<number | undefined> {
  return database.transaction().execute(async (transaction) => {
    // Without these the planner would rather walk through all of a tenant's events by another index.
    await sql`set local enable_seqscan = off`.execute(transaction);
    await sql`set local enable_indexscan = off`.execute(transaction);
    const { rows } = await sql<{ position: number }>`
      select position from event_log.event where event_id = ${eventId}::uuid and ledger = ${ledger} and tenant = ${tenant}`.execute(
      transaction,
    );
    return rows[0]?.position;
  });
}
