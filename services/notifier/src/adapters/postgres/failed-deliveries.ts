import { sql, type Kysely } from "kysely";

/** A delivery that was given up. */
export type FailedDelivery = {
  readonly id: number;
  readonly channel: string;
  readonly actionId: string;
  readonly eventType: string;
  readonly attempts: number;
  readonly error: string;
  readonly failedAt: Date;
};

/** What one tenant has at one channel. */
export type ChannelState = { readonly waiting: number; readonly failed: number; readonly problem: string };

/** The dead letters of one tenant, oldest first. @param channel empty: of all. */
export async function listFailed<Tables>(
  database: Kysely<Tables>,
  ledger: string,
  tenant: string,
  { channel, after, limit }: { readonly channel: string; readonly after: number; readonly limit: number },
): Promise<readonly FailedDelivery[]> {
  const { rows } = await sql<FailedDelivery>`
    select id, channel, action_id as "actionId", event_type as "eventType", attempts, coalesce(last_error, '') as error, updated_at as "failedAt"
    from notifier.delivery
    where ledger = ${ledger} and tenant = ${tenant} and state = 'failed' and id > ${after} and (${channel} = '' or channel = ${channel})
    order by id limit ${limit}`.execute(database);
  return rows;
}

/** Gives them another round of attempts. The receiver may have one of them: they count as tried before. @param ids empty: all of the channel. */
export async function retryFailed<Tables>(
  database: Kysely<Tables>,
  ledger: string,
  tenant: string,
  channel: string,
  ids: readonly number[],
): Promise<number> {
  const { numAffectedRows } = await sql`
    update notifier.delivery set state = 'pending', attempts = 1, next_attempt_at = now(), updated_at = now()
    where ledger = ${ledger} and tenant = ${tenant} and channel = ${channel} and state = 'failed'
      and (${ids.length === 0} or id = any(${[...ids]}::bigint[]))`.execute(database);
  return Number(numAffectedRows ?? 0n);
}

/** By channel. */
export async function channelStates<Tables>(
  database: Kysely<Tables>,
  ledger: string,
  tenant: string,
): Promise<ReadonlyMap<string, ChannelState>> {
  const { rows } = await sql<{ name: string; waiting: number; failed: number; problem: string }>`
    select name, count(delivery.id) filter (where state = 'pending')::bigint as waiting, count(delivery.id) filter (where state = 'failed')::bigint as failed,
      coalesce(disabled_reason, case when resume_at > now() then 'paused until ' || to_char(resume_at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') end, '') as problem
    from notifier.channel
    left join notifier.delivery on delivery.ledger = channel.ledger and delivery.channel = channel.name and tenant = ${tenant} and state in ('pending', 'failed')
    where channel.ledger = ${ledger} group by channel.ledger, channel.name`.execute(database);
  return new Map(rows.map(({ name, waiting, failed, problem }) => [name, { waiting, failed, problem }]));
}
