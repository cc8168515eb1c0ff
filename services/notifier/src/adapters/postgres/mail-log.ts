import { sql, type Kysely } from "kysely";
import type { MailLog, SentMail } from "../mail/mail-log.ts";

/** The mails of one channel. */
export function postgresMailLog<Tables>(database: Kysely<Tables>, ledger: string, channel: string): MailLog {
  return {
    sentAbout: async ({ tenant, actionId }) => {
      const { rows } = await sql<SentMail>`
        select person_id as "personId", event_id as "eventId", message_id as "messageId", version::int from notifier.mail
        where ledger = ${ledger} and channel = ${channel} and tenant = ${tenant} and action_id = ${actionId} order by sent_at, person_id`.execute(
        database,
      );
      return rows;
    },
    record: async ({ tenant, actionId }, { personId, eventId, messageId, version }) => {
      await sql`
        insert into notifier.mail (ledger, channel, tenant, action_id, person_id, event_id, message_id, version)
        values (${ledger}, ${channel}, ${tenant}, ${actionId}, ${personId}, ${eventId}, ${messageId}, ${version}) on conflict do nothing`.execute(
        database,
      );
    },
  };
}
