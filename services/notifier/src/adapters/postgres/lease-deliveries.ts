import { randomUUID } from "node:crypto";
import { sql, type Kysely } from "kysely";
import { NOTIFIED_EVENTS, type NotifiedEvent } from "../../domain/notified-event.ts";
import type { LeasedBatch, LeasedDelivery } from "../../usecases/delivery-store.ts";
import type { DeliveryStoreOptions } from "./delivery-store-options.ts";
import { fillBuckets, spendTokens } from "./rate-limits.ts";

/** What a killed process had sent may still be on its way to the receiver: nobody asks the receiver about it, or sends it again, before this. */
const SETTLE_MS = 2500;

type LeasedRow = {
  id: number;
  tenant: string;
  action_id: string;
  event_id: string;
  event_type: NotifiedEvent;
  position: number;
  stream_version: number;
  event_time: Date;
  traceparent: string;
  attempts: number;
  created_at: Date;
  shown_before: boolean;
  earlier_ref: string | null;
  shown_version: number | null;
};

/** Leases what is due and what the rate limits allow. */
export async function leaseDeliveries<Tables>(
  database: Kysely<Tables>,
  options: DeliveryStoreOptions,
  most: number,
  leaseMs: number,
): Promise<LeasedBatch> {
  const { limits } = options;
  if (limits.length === 0) return { deliveries: await leaseDue(database, options, most, leaseMs) };
  return database.transaction().execute(async (transaction) => {
    const { tokens, againInMs } = await fillBuckets(transaction, limits);
    if (tokens < 1) return { deliveries: [], againInMs };
    const deliveries = await leaseDue(transaction, options, Math.min(most, tokens), leaseMs);
    if (deliveries.length > 0) await spendTokens(transaction, limits, deliveries.length);
    return { deliveries };
  });
}

/**
 * Time is the server's, so that the clocks of several processes do not matter. Rows that another worker is leasing right now are skipped, not waited for;
 * events that a newer build knows are left to it. A channel that failed too often gets one at a time, as a probe.
 */
async function leaseDue<Tables>(
  database: Kysely<Tables>,
  { ledger, channel, owner, breaker }: DeliveryStoreOptions,
  most: number,
  leaseMs: number,
): Promise<LeasedDelivery[]> {
  const leaseId = randomUUID();
  const { rows } = await sql<LeasedRow>`
    with due as materialized (
      select id from notifier.delivery candidate
      where ledger = ${ledger} and channel = ${channel} and state = 'pending' and next_attempt_at <= now() and (lease_until is null or ${leaseIsOver()})
        and event_type = any(${NOTIFIED_EVENTS})
        and not exists (
          select from notifier.delivery earlier
          where earlier.ledger = candidate.ledger and earlier.channel = candidate.channel and earlier.state = 'pending' and earlier.position < candidate.position
            and earlier.tenant = candidate.tenant and earlier.action_id = candidate.action_id
        )
        and exists (
          select from notifier.channel
          where ledger = ${ledger} and name = ${channel} and disabled_at is null and (resume_at is null or resume_at <= now())
        )
      order by position
      limit (select case when failures >= ${breaker.failures} then 1 else ${most} end from notifier.channel where ledger = ${ledger} and name = ${channel})
      for update skip locked
    )
    update notifier.delivery
    set attempts = attempts + 1, lease_id = ${leaseId}, lease_until = now() + ${leaseMs} * interval '1 millisecond', lease_owner = ${owner.name}, leased_at = now(),
      updated_at = now()
    from due
    where delivery.id = due.id
    returning delivery.id, tenant, action_id, event_id, event_type, position, stream_version, event_time, traceparent, attempts, created_at, ${earlierMessages()}
  `.execute(database);
  return rows.map((row) => toLeased(row, leaseId)).toSorted((one, other) => one.position - other.position);
}

/** Its time is up, or the process that holds it has ended: then its session lock is gone, as `postgresLease` makes it. */
function leaseIsOver() {
  return sql`(lease_until <= now() or (lease_owner is not null and leased_at <= now() - ${SETTLE_MS} * interval '1 millisecond' and not exists (
    select from pg_locks
    where locktype = 'advisory' and objsubid = 1 and database = (select oid from pg_database where datname = current_database())
      and (classid::bigint << 32 | objid::bigint) = hashtextextended(candidate.lease_owner, 0)
  )))`;
}

function earlierMessages() {
  const ofAction = sql`earlier.ledger = delivery.ledger and earlier.channel = delivery.channel and earlier.tenant = delivery.tenant and earlier.action_id = delivery.action_id`;
  return sql`
    exists (
      select from notifier.delivery earlier where ${ofAction} and (earlier.state = 'delivered' or earlier.external_ref is not null)
    ) as shown_before,
    (
      select external_ref from notifier.delivery earlier where ${ofAction} and earlier.external_ref is not null order by position desc limit 1
    ) as earlier_ref,
    (select max(shown_version) from notifier.delivery earlier where ${ofAction}) as shown_version`;
}

function toLeased(row: LeasedRow, leaseId: string): LeasedDelivery {
  return {
    id: String(row.id),
    leaseId,
    tenant: row.tenant,
    actionId: row.action_id,
    eventId: row.event_id,
    type: row.event_type,
    position: row.position,
    streamVersion: row.stream_version,
    time: row.event_time,
    traceparent: row.traceparent,
    attempts: row.attempts,
    plannedAt: row.created_at,
    shownBefore: row.shown_before,
    earlierRef: row.earlier_ref ?? undefined,
    shownVersion: row.shown_version ?? undefined,
  };
}
