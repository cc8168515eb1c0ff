import { sql, type Kysely } from "kysely";
import type { LedgerRows } from "../ledger/check-ledger.ts";
import type { Check } from "../ledger/flaws.ts";

/** No consumer has handled more than there is: one that has remembers a tail that was cut off. */
export async function* checkConsumers(database: Kysely<unknown>, ledger: string, rows: LedgerRows): Check {
  const { rows: consumers } = await sql<{ consumer: string; next: number }>`
    select consumer, next_position as next from bus.checkpoint where ledger = ${ledger} order by consumer`.execute(database);
  const head = await rows.head();
  for (const { consumer, next } of consumers) {
    if (next <= head) continue;
    yield { flaw: { position: head, kind: "CONSUMER", detail: `${consumer} has handled ${next} events, and the log has ${head}` } };
  }
}
