import { sql, type Kysely } from "kysely";
import type { ActionRef, OpenRequests } from "../../usecases/ports.ts";
import type { ApprovalTables } from "./timer-table.ts";

/** Which action answers for which request, for every instance. Rows go with their action's timers; what is left over is taken over by the next one. */
export function postgresOpenRequests(database: Kysely<ApprovalTables>, ledger: string): OpenRequests {
  return {
    claim: async ({ tenant, fingerprint }, id, instead) => {
      // One statement decides between all who claim at once: each sees the one before it.
      const { rows } = await sql<{ action_id: string }>`
        insert into approval.open_request as held (ledger, tenant, fingerprint, action_id)
        values (${ledger}, ${tenant}, ${fingerprint}, ${id})
        on conflict (ledger, tenant, fingerprint) do update
          set action_id = case when held.action_id = ${instead ?? ""} then excluded.action_id else held.action_id end
        returning action_id`.execute(database);
      return rows[0]?.action_id ?? id;
    },
    release: (ref) => releaseRequests(database, ledger, [ref]),
  };
}

/** Takes these actions out: nobody joins them any more. */
export async function releaseRequests(database: Kysely<ApprovalTables>, ledger: string, refs: readonly ActionRef[]): Promise<void> {
  if (refs.length === 0) return;
  const tenants = refs.map(({ tenant }) => tenant);
  const ids = refs.map(({ id }) => id);
  await sql`
    delete from approval.open_request using unnest(${tenants}::text[], ${ids}::text[]) as ended (tenant, action_id)
    where open_request.ledger = ${ledger} and open_request.tenant = ended.tenant and open_request.action_id = ended.action_id`.execute(
    database,
  );
}
