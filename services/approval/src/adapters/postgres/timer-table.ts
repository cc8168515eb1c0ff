import { textArray, timestamptzArray } from "@countersign/event-log";
import { sql, type Kysely } from "kysely";
import type { Instant } from "../../domain/values.ts";
import type { ActionRef } from "../../usecases/ports.ts";
import type { Timer, TimerKind } from "../../workflows/timers.ts";

export type ApprovalTables = {
  "approval.timer": {
    ledger: string;
    tenant: string;
    action_id: string;
    kind: TimerKind;
    due_at: Date;
    attempts: number;
    claimed_until: Date | null;
  };
};

export type SetTimer = Timer & { readonly ref: ActionRef };
export type ClearedTimer = { readonly ref: ActionRef; readonly afterwards: boolean };
export type DueTimer = SetTimer & { readonly attempts: number };

/** Puts these timers in the place of whatever the actions had. */
export async function setTimers(database: Kysely<ApprovalTables>, ledger: string, timers: readonly SetTimer[]): Promise<void> {
  if (timers.length === 0) return;
  await sql`
    insert into approval.timer (ledger, tenant, action_id, kind, due_at)
    select ${ledger}::text, * from ${columns(timers)}
    on conflict (ledger, tenant, action_id, afterwards)
    do update set kind = excluded.kind, due_at = excluded.due_at, attempts = 0, claimed_until = null`.execute(database);
}

/** Removes the timers of actions that wait for nothing any more. */
export async function clearTimers(database: Kysely<ApprovalTables>, ledger: string, cleared: readonly ClearedTimer[]): Promise<void> {
  if (cleared.length === 0) return;
  const tenants = textArray(cleared.map(({ ref }) => ref.tenant));
  const ids = textArray(cleared.map(({ ref }) => ref.id));
  const afterwards = cleared.map((timer) => timer.afterwards);
  await sql`
    delete from approval.timer using unnest(${tenants}::text[], ${ids}::text[], ${afterwards}::boolean[]) as ended (tenant, action_id, afterwards)
    where timer.ledger = ${ledger} and timer.tenant = ended.tenant and timer.action_id = ended.action_id
      and timer.afterwards = ended.afterwards`.execute(database);
}

/** Nothing is claimed for longer. A timer that looks so was claimed before the clock of Postgres was set back, and is free. */
const LONGEST_CLAIM = sql`interval '60 seconds'`;

/**
 * Takes timers that ask policy, or the others, that are due by this instance's clock, oldest first, for `leaseMs`: others leave them alone until then, and take them over if this process dies. That
 * time is Postgres', so that no instance whose clock is off can keep a timer from the others. Materialized: as a part of the update, Postgres may ask for the due ones more than
 * once, and then takes all of them.
 */
export async function claimTimers(
  database: Kysely<ApprovalTables>,
  ledger: string,
  claim: { readonly asking: boolean; readonly now: Instant; readonly limit: number; readonly leaseMs: number },
): Promise<readonly DueTimer[]> {
  const { rows } = await sql<{ tenant: string; action_id: string; kind: TimerKind; due_at: Date; attempts: number }>`
    with due as materialized (
      select tenant, action_id, afterwards from approval.timer
      where ledger = ${ledger} and due_at <= ${new Date(claim.now)} and (kind = 'verdict_retry') = ${claim.asking}
        and (claimed_until is null or claimed_until not between now() and now() + ${LONGEST_CLAIM})
      order by due_at limit ${claim.limit} for update skip locked)
    update approval.timer set claimed_until = ${inMs(claim.leaseMs)} from due
    where timer.ledger = ${ledger} and timer.tenant = due.tenant and timer.action_id = due.action_id and timer.afterwards = due.afterwards
    returning timer.tenant, timer.action_id, kind, due_at, attempts`.execute(database);
  return rows.map((row) => ({
    ref: { tenant: row.tenant, id: row.action_id },
    kind: row.kind,
    dueAt: row.due_at.getTime(),
    attempts: row.attempts,
  }));
}

/** Removes timers that have done their work, unless the action has got another one since. */
export async function finishTimers(database: Kysely<ApprovalTables>, ledger: string, timers: readonly SetTimer[]): Promise<void> {
  if (timers.length === 0) return;
  await sql`
    delete from approval.timer using ${columns(timers)} as done (tenant, action_id, kind, due_at)
    where timer.ledger = ${ledger} and timer.tenant = done.tenant and timer.action_id = done.action_id
      and timer.kind = done.kind and timer.due_at = done.due_at`.execute(database);
}

/**
 * Keeps a timer that is to fire once more for `delayMs`, unless the action has got another one since. It is due behind those that are due by now: `now` is when it was found
 * due, and nobody else waits for a clock that is fast.
 */
export async function postponeTimer(
  database: Kysely<ApprovalTables>,
  ledger: string,
  timer: SetTimer,
  again: { readonly now: Instant; readonly delayMs: number },
): Promise<void> {
  const { ref, kind } = timer;
  await sql`
    update approval.timer
    set due_at = greatest(due_at, least(${new Date(again.now)}, now())), attempts = attempts + 1, claimed_until = ${inMs(again.delayMs)}
    where ledger = ${ledger} and tenant = ${ref.tenant} and action_id = ${ref.id}
      and kind = ${kind} and due_at = ${new Date(timer.dueAt)}`.execute(database);
}

function inMs(delayMs: number) {
  return sql`now() + ${delayMs}::double precision * interval '1 millisecond'`;
}

/** Reviews of a tenant that wait for people: each has its timer. */
export async function countReviews(database: Kysely<ApprovalTables>, ledger: string, tenant: string): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::integer as count from approval.timer
    where ledger = ${ledger} and tenant = ${tenant} and kind = 'tend_review'`.execute(database);
  return rows[0]?.count ?? 0;
}

function columns(timers: readonly SetTimer[]) {
  const tenants = textArray(timers.map(({ ref }) => ref.tenant));
  const ids = textArray(timers.map(({ ref }) => ref.id));
  const kinds = textArray(timers.map(({ kind }) => kind));
  const dues = timestamptzArray(timers.map(({ dueAt }) => new Date(dueAt)));
  return sql`unnest(${tenants}::text[], ${ids}::text[], ${kinds}::text[], ${dues}::timestamptz[])`;
}
