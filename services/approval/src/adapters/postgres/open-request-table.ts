import { CombiningQueue, textArray, type Pending } from "@countersign/event-log";
import { sql, type Kysely } from "kysely";
import type { ActionRef, OpenRequests } from "../../usecases/ports.ts";
import type { ApprovalTables } from "./timer-table.ts";

type Hold = { readonly tenant: string; readonly fingerprint: string; readonly id: string; readonly instead: string };
type PendingHold = Pending<Hold, string>;

const BATCH_LIMITS = { requests: 256, bytes: Infinity };

/** Which action answers for which request, for every instance. Rows go with their action's timers; what is left over is taken over by the next one. */
export function postgresOpenRequests(database: Kysely<ApprovalTables>, ledger: string): OpenRequests {
  // One commit for all of a moment, as in the log.
  const queue = new CombiningQueue<Hold, string>((batch) => settle(database, ledger, batch), BATCH_LIMITS);
  return {
    hold: ({ tenant, fingerprint }, id, instead = "") => queue.add({ tenant, fingerprint, id, instead }, 0),
    release: (ref) => releaseRequests(database, ledger, [ref]),
  };
}

/** Those for one request take their turns: a statement can change a row once only. */
async function settle(database: Kysely<ApprovalTables>, ledger: string, batch: readonly PendingHold[]): Promise<void> {
  for (let left = batch; left.length > 0;) {
    const first = new Map(left.toReversed().map((hold) => [keyOf(hold.request), hold]));
    const turn = [...first.values()];
    left = left.filter((hold) => first.get(keyOf(hold.request)) !== hold);
    try {
      await settleTurn(database, ledger, turn);
    } catch (error) {
      // It may have been one of them, or a deadlock with those that are taken out: nobody fails for another.
      if (turn.length === 1) turn[0]?.reject(error);
      else for (const hold of turn) await settleTurn(database, ledger, [hold]).catch(hold.reject);
    }
  }
}

async function settleTurn(database: Kysely<ApprovalTables>, ledger: string, holds: readonly PendingHold[]): Promise<void> {
  const column = (of: (hold: Hold) => string) => textArray(holds.map(({ request }) => of(request)));
  // One statement decides between all who ask at once: each sees the one before it. In one order, so that no two instances wait for each other.
  const { rows } = await sql<{ tenant: string; fingerprint: string; action_id: string }>`
    insert into approval.open_request as held (ledger, tenant, fingerprint, action_id)
    select ${ledger}::text, tenant, fingerprint, action_id
    from unnest(${column(({ tenant }) => tenant)}::text[], ${column(({ fingerprint }) => fingerprint)}::text[], ${column(({ id }) => id)}::text[])
      as wanted (tenant, fingerprint, action_id)
    order by tenant, fingerprint
    on conflict (ledger, tenant, fingerprint) do update
      set action_id = case when held.action_id = any (${column(({ instead }) => instead)}::text[]) then excluded.action_id else held.action_id end
    returning tenant, fingerprint, action_id`.execute(database);
  const holders = new Map(rows.map((row) => [keyOf(row), row.action_id]));
  for (const { request, resolve } of holds) resolve(holders.get(keyOf(request)) ?? request.id);
}

/** No tenant holds U+0000. */
function keyOf({ tenant, fingerprint }: { readonly tenant: string; readonly fingerprint: string }): string {
  return `${tenant}\0${fingerprint}`;
}

/** Takes these actions out: nobody joins them any more. */
export async function releaseRequests(database: Kysely<ApprovalTables>, ledger: string, refs: readonly ActionRef[]): Promise<void> {
  if (refs.length === 0) return;
  const tenants = textArray(refs.map(({ tenant }) => tenant));
  const ids = textArray(refs.map(({ id }) => id));
  await sql`
    delete from approval.open_request using unnest(${tenants}::text[], ${ids}::text[]) as ended (tenant, action_id)
    where open_request.ledger = ${ledger} and open_request.tenant = ended.tenant and open_request.action_id = ended.action_id`.execute(
    database,
  );
}
