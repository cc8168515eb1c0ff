import { sql, type Kysely } from "kysely";
import type { Logger } from "@countersign/telemetry";
import type { CollectedStore } from "../mail/mail-collector.ts";

/** In one message. */
const MOST = 50;
const AGAIN_MINUTES = 1;

/** What one channel collects. The rows go in the transaction that saw their message taken: a crash in between sends the same message, with the same id, again. */
export function postgresCollectedStore<Tables>(database: Kysely<Tables>, ledger: string, channel: string, logger: Logger): CollectedStore {
  const own = sql`ledger = ${ledger} and channel = ${channel}`;
  return {
    add: async ({ tenant, actionId, eventId }, personIds, minutes) => {
      await sql`
        insert into notifier.collected (ledger, channel, tenant, person_id, action_id, event_id, due_at)
        select ${ledger}, ${channel}, ${tenant}, person, ${actionId}, ${eventId}, coalesce(
          (select min(due_at) from notifier.collected where ${own} and tenant = ${tenant} and person_id = person), now() + ${minutes} * interval '1 minute'
        )
        from unnest(${[...personIds]}::text[]) as given (person) on conflict do nothing`.execute(database);
    },
    drain: async (send) => {
      const { rows: people } = await sql<{ tenant: string; personId: string }>`
        select distinct tenant, person_id as "personId" from notifier.collected where ${own} and due_at <= now() limit 200`.execute(
        database,
      );
      let told = 0;
      for (const { tenant, personId } of people) {
        const waiting = sql`${own} and tenant = ${tenant} and person_id = ${personId}`;
        try {
          told += await database.transaction().execute(async (transaction) => {
            const { rows: items } = await sql<{ actionId: string; eventId: string }>`
              select action_id as "actionId", event_id as "eventId" from notifier.collected where ${waiting}
              order by due_at, action_id limit ${MOST} for update skip locked`.execute(transaction);
            if (items.length === 0) return 0;
            await send({ tenant, personId, items });
            await sql`delete from notifier.collected where ${waiting} and action_id = any(${items.map(({ actionId }) => actionId)}::text[])`.execute(
              transaction,
            );
            return 1;
          });
        } catch (err) {
          logger.warn({ err, channel, person: personId }, "collected reviews did not arrive, trying again");
          await sql`update notifier.collected set due_at = now() + ${AGAIN_MINUTES} * interval '1 minute' where ${waiting}`.execute(
            database,
          );
        }
      }
      return told;
    },
  };
}
