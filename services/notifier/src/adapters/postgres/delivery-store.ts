import { randomUUID } from "node:crypto";
import { sql, type Kysely } from "kysely";
import { NOTIFIED_EVENTS, type NotifiedEvent } from "../../domain/notified-event.ts";
import type { DeliveryOutcome, DeliveryStore, LeasedDelivery } from "../../usecases/delivery-store.ts";

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
  shown_before: boolean;
  earlier_ref: string | null;
};

/** Deliveries of one channel in Postgres; any number of workers in any number of processes may share them. */
export function postgresDeliveryStore<Tables>(database: Kysely<Tables>, ledger: string, channel: string): DeliveryStore {
  return {
    lease: async ({ most, leaseMs }) => {
      const leaseId = randomUUID();
      const { rows } = await leaseDue(ledger, channel, leaseId, most, leaseMs).execute(database);
      return rows.map((row) => leased(row, leaseId)).toSorted((one, other) => one.position - other.position);
    },
    record: async (delivery, outcome) => {
      await recordOutcome(delivery, outcome).execute(database);
      if (outcome.outcome === "failed" && outcome.disablesChannel) await disable(ledger, channel, outcome.error).execute(database);
    },
  };
}

/**
 * Time is the server's, so that the clocks of several processes do not matter. Rows that another worker is leasing right now are skipped, not waited for;
 * events that a newer build knows are left to it.
 */
function leaseDue(ledger: string, channel: string, leaseId: string, most: number, leaseMs: number) {
  return sql<LeasedRow>`
    with due as materialized (
      select id from notifier.delivery candidate
      where ledger = ${ledger} and channel = ${channel} and state = 'pending' and next_attempt_at <= now() and (lease_until is null or lease_until <= now())
        and event_type = any(${NOTIFIED_EVENTS})
        and not exists (
          select from notifier.delivery earlier
          where earlier.ledger = candidate.ledger and earlier.channel = candidate.channel and earlier.state = 'pending' and earlier.position < candidate.position
            and earlier.tenant = candidate.tenant and earlier.action_id = candidate.action_id
        )
        and exists (select from notifier.channel where ledger = ${ledger} and name = ${channel} and disabled_at is null)
      order by position
      limit ${most}
      for update skip locked
    )
    update notifier.delivery
    set attempts = attempts + 1, lease_id = ${leaseId}, lease_until = now() + ${leaseMs} * interval '1 millisecond', updated_at = now()
    from due
    where delivery.id = due.id
    returning delivery.id, tenant, action_id, event_id, event_type, position, stream_version, event_time, traceparent, attempts,
      exists (
        select from notifier.delivery earlier
        where earlier.ledger = delivery.ledger and earlier.channel = delivery.channel and earlier.tenant = delivery.tenant
          and earlier.action_id = delivery.action_id and earlier.state = 'delivered'
      ) as shown_before,
      (
        select external_ref from notifier.delivery earlier
        where earlier.ledger = delivery.ledger and earlier.channel = delivery.channel and earlier.tenant = delivery.tenant
          and earlier.action_id = delivery.action_id and earlier.external_ref is not null
        order by position desc limit 1
      ) as earlier_ref
  `;
}

function recordOutcome(delivery: LeasedDelivery, outcome: DeliveryOutcome) {
  const holder = sql`id = ${delivery.id} and state = 'pending' and lease_id = ${delivery.leaseId}`;
  const ended = sql`lease_id = null, lease_until = null, updated_at = now()`;
  switch (outcome.outcome) {
    case "delivered":
      return sql`update notifier.delivery set state = 'delivered', external_ref = ${outcome.externalRef ?? null}, last_error = null, ${ended} where id = ${delivery.id}`;
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

/** The receiver wants nothing more: what waits for it has failed too. */
function disable(ledger: string, channel: string, reason: string) {
  return sql`
    with disabled as (
      update notifier.channel set disabled_at = now(), disabled_reason = ${reason} where ledger = ${ledger} and name = ${channel} and disabled_at is null
    )
    update notifier.delivery set state = 'failed', last_error = ${`channel disabled: ${reason}`}, updated_at = now()
    where ledger = ${ledger} and channel = ${channel} and state = 'pending'
  `;
}

function leased(row: LeasedRow, leaseId: string): LeasedDelivery {
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
    shownBefore: row.shown_before,
    earlierRef: row.earlier_ref ?? undefined,
  };
}
