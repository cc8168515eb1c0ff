import { sql, type Kysely } from "kysely";
import type { Channel } from "../../usecases/channel.ts";
import type { DeliveryPlan } from "../../domain/plan-deliveries.ts";

/**
 * Makes the channels known. A new one hears of what happens from `nextPosition` on, not of the past. One that its receiver closed opens again when it was
 * pointed somewhere else.
 */
export async function registerChannels<Tables>(
  database: Kysely<Tables>,
  ledger: string,
  channels: readonly Channel[],
  nextPosition: number,
): Promise<void> {
  await sql`
    insert into notifier.channel (ledger, name, kind, target, since_position)
    select ${ledger}, name, kind, target, ${nextPosition}
    from unnest(${channels.map(({ name }) => name)}::text[], ${channels.map(({ kind }) => kind)}::text[], ${channels.map(({ target }) => target)}::text[]) as given (name, kind, target)
    on conflict (ledger, name) do update set
      kind = excluded.kind,
      target = excluded.target,
      disabled_at = case when channel.target = excluded.target then channel.disabled_at end,
      disabled_reason = case when channel.target = excluded.target then channel.disabled_reason end
  `.execute(database);
}

/** Records a plan. Only deliveries of reviewed actions to open channels become rows, and each event becomes one row a channel, however often it is planned. */
export async function storePlan<Tables>(transaction: Kysely<Tables>, ledger: string, plan: DeliveryPlan): Promise<void> {
  const { reviews, deliveries } = plan;
  if (reviews.length > 0) {
    await sql`
      insert into notifier.review (tenant, action_id)
      select distinct * from unnest(${reviews.map(({ tenant }) => tenant)}::text[], ${reviews.map(({ actionId }) => actionId)}::text[])
      on conflict do nothing
    `.execute(transaction);
  }
  if (deliveries.length === 0) return;
  const column = <Value>(pick: (delivery: DeliveryPlan["deliveries"][number]) => Value): Value[] => deliveries.map(pick);
  await sql`
    insert into notifier.delivery (ledger, channel, tenant, action_id, event_id, event_type, position, stream_version, event_time, traceparent)
    select ${ledger}, planned.*
    from unnest(
      ${column(({ channel }) => channel)}::text[], ${column(({ tenant }) => tenant)}::text[], ${column(({ actionId }) => actionId)}::text[],
      ${column(({ eventId }) => eventId)}::uuid[], ${column(({ type }) => type)}::text[], ${column(({ position }) => position)}::bigint[],
      ${column(({ streamVersion }) => streamVersion)}::bigint[], ${column(({ time }) => time)}::timestamptz[], ${column(({ traceparent }) => traceparent)}::text[]
    ) as planned (channel, tenant, action_id, event_id, event_type, position, stream_version, event_time, traceparent)
    join notifier.review using (tenant, action_id)
    join notifier.channel on channel.ledger = ${ledger} and channel.name = planned.channel
    where channel.disabled_at is null and planned.position >= channel.since_position
    order by planned.position
    on conflict (ledger, channel, event_id) do nothing
  `.execute(transaction);
}
