import { sql, type Kysely } from "kysely";

/** Longer than any request signature is valid, on both sides of now. */
const SEEN_MINUTES = 30;
/** Per run, so that no statement takes long. */
const MOST = 5000;

/** Forgets deliveries of actions about which nothing was to be told for so long, and requests that are too old to be played again. Returns how many deliveries. */
export async function pruneDeliveries<Tables>(database: Kysely<Tables>, retentionDays: number): Promise<number> {
  await sql`delete from notifier.seen_request where seen_at < now() - ${SEEN_MINUTES} * interval '1 minute'`.execute(database);
  const { numAffectedRows } = await sql`
    delete from notifier.delivery where id in (
      select id from notifier.delivery old
      where state <> 'pending' and updated_at < now() - ${retentionDays} * interval '1 day'
        and not exists (
          select from notifier.delivery other
          where other.ledger = old.ledger and other.channel = old.channel and other.tenant = old.tenant and other.action_id = old.action_id
            and (other.state = 'pending' or other.updated_at >= now() - ${retentionDays} * interval '1 day')
        )
      limit ${MOST}
    )`.execute(database);
  await sql`
    delete from notifier.review old
    where created_at < now() - ${retentionDays} * interval '1 day'
      and not exists (select from notifier.delivery where delivery.tenant = old.tenant and delivery.action_id = old.action_id)`.execute(
    database,
  );
  await sql`
    delete from notifier.mail old
    where sent_at < now() - ${retentionDays} * interval '1 day'
      and not exists (select from notifier.delivery where delivery.tenant = old.tenant and delivery.action_id = old.action_id)`.execute(
    database,
  );
  return Number(numAffectedRows ?? 0n);
}

/** True the first time that this app sends this request. Fails when nobody can tell: then the request does not count. */
export async function isFirstTime<Tables>(database: Kysely<Tables>, app: string, id: string): Promise<boolean> {
  const { numAffectedRows } = await sql`insert into notifier.seen_request (app, id) values (${app}, ${id}) on conflict do nothing`.execute(
    database,
  );
  return numAffectedRows === 1n;
}
