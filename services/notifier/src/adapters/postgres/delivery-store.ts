import { sql, type Kysely } from "kysely";
import { pauseAfter } from "../../domain/breaker.ts";
import type { DeliveryOutcome, DeliveryStore, LeasedDelivery } from "../../usecases/delivery-store.ts";
import type { DeliveryStoreOptions } from "./delivery-store-options.ts";
import { leaseDeliveries } from "./lease-deliveries.ts";

/** Deliveries of one channel in Postgres; any number of workers in any number of processes may share them. */
export function postgresDeliveryStore<Tables>(database: Kysely<Tables>, options: DeliveryStoreOptions): DeliveryStore {
  const { ledger, channel } = options;
  return {
    lease: async ({ most, leaseMs }) => {
      await options.owner.ensure();
      return leaseDeliveries(database, options, most, leaseMs);
    },
    record: async (delivery, outcome) => {
      // What stops the channel comes first: once this delivery has ended, the next one of its action could be leased.
      if (outcome.outcome === "retry" && outcome.pausesChannel === true) await pause(ledger, channel, outcome.delayMs).execute(database);
      if (outcome.outcome === "failed" && outcome.disablesChannel) {
        await database.transaction().execute(async (transaction) => {
          await disable(options, delivery, outcome.error).execute(transaction);
          await recordOutcome(options, delivery, outcome).execute(transaction);
        });
        return;
      }
      await recordOutcome(options, delivery, outcome).execute(database);
      if (outcome.outcome === "delivered") await receiverWorks(ledger, channel).execute(database);
      if (outcome.outcome === "retry" && outcome.counts) await countFailure(database, options);
    },
    refresh: async (tenant, actionId) => {
      await refresh(ledger, channel, tenant, actionId).execute(database);
    },
  };
}

function recordOutcome(options: DeliveryStoreOptions, delivery: LeasedDelivery, outcome: DeliveryOutcome) {
  const holder = sql`id = ${delivery.id} and state = 'pending' and lease_id = ${delivery.leaseId}`;
  const ended = sql`lease_id = null, lease_until = null, lease_owner = null, updated_at = now()`;
  switch (outcome.outcome) {
    case "delivered":
      return delivered(options, delivery, outcome.externalRef ?? null, outcome.shownVersion ?? null);
    case "superseded":
      return sql`update notifier.delivery set state = 'superseded', last_error = ${outcome.reason}, ${ended} where ${holder}`;
    case "retry":
      return sql`
        update notifier.delivery
        set attempts = attempts - ${outcome.counts ? 0 : 1}, last_error = ${outcome.error}, next_attempt_at = now() + ${outcome.delayMs} * interval '1 millisecond', ${ended}
        where ${holder}`;
    case "failed":
      return sql`update notifier.delivery set state = 'failed', last_error = ${outcome.error}, ${ended} where ${holder}`;
  }
}

/** Whoever holds the lease by now: it is true. Later events that the message shows already need no message, and no token, of their own. */
function delivered(
  { ledger, channel }: DeliveryStoreOptions,
  delivery: LeasedDelivery,
  externalRef: string | null,
  shownVersion: number | null,
) {
  return sql`
    with shown as (
      update notifier.delivery set state = 'superseded', last_error = 'the message shows this already', updated_at = now()
      where ledger = ${ledger} and channel = ${channel} and tenant = ${delivery.tenant} and action_id = ${delivery.actionId} and state = 'pending'
        and position > ${delivery.position} and stream_version <= ${shownVersion}
    )
    update notifier.delivery
    set state = 'delivered', external_ref = ${externalRef}, shown_version = ${shownVersion}, last_error = null,
      lease_id = null, lease_until = null, lease_owner = null, updated_at = now()
    where id = ${delivery.id}`;
}

/** The row of the last message comes again; nothing of it counts as shown. */
function refresh(ledger: string, channel: string, tenant: string, actionId: string) {
  return sql`
    update notifier.delivery set
      shown_version = null, updated_at = now(),
      state = case when last then 'pending' else state end, attempts = case when last then 0 else attempts end,
      next_attempt_at = case when last then now() else next_attempt_at end
    from (
      select id, position = max(position) over () as last from notifier.delivery
      where ledger = ${ledger} and channel = ${channel} and tenant = ${tenant} and action_id = ${actionId} and external_ref is not null
    ) as message
    where delivery.id = message.id and delivery.state = 'delivered'`;
}

function receiverWorks(ledger: string, channel: string) {
  return sql`update notifier.channel set failures = 0 where ledger = ${ledger} and name = ${channel} and failures <> 0`;
}

function pause(ledger: string, channel: string, ms: number) {
  return sql`
    update notifier.channel set resume_at = greatest(resume_at, now() + ${ms} * interval '1 millisecond') where ledger = ${ledger} and name = ${channel}`;
}

async function countFailure<Tables>(database: Kysely<Tables>, { ledger, channel, breaker }: DeliveryStoreOptions): Promise<void> {
  const { rows } = await sql<{ failures: number }>`
    update notifier.channel set failures = failures + 1 where ledger = ${ledger} and name = ${channel} returning failures`.execute(
    database,
  );
  const ms = pauseAfter(rows[0]?.failures ?? 0, breaker);
  if (ms !== undefined) await pause(ledger, channel, ms).execute(database);
}

/** The receiver wants nothing more: what waits for it behind this delivery has failed too. */
function disable({ ledger, channel }: DeliveryStoreOptions, { id }: LeasedDelivery, reason: string) {
  return sql`
    with disabled as (
      update notifier.channel set disabled_at = now(), disabled_reason = ${reason} where ledger = ${ledger} and name = ${channel} and disabled_at is null
    )
    update notifier.delivery set state = 'failed', last_error = ${`channel disabled: ${reason}`}, updated_at = now()
    where ledger = ${ledger} and channel = ${channel} and state = 'pending' and id <> ${id}
  `;
}
