import type { ReadinessCheck } from "@countersign/telemetry";
import { sql, type Kysely } from "kysely";
import type { ConsumerKey } from "./checkpoint.ts";

/** Behind by more, what a consumer answers from is too old to call its process ready. */
const READY_WITHIN_SECONDS = 60;

/** Whether a consumer keeps up, whichever instance of it works. */
export function lagCheck<Tables>(database: Kysely<Tables>, { consumer, ledger }: ConsumerKey): ReadinessCheck {
  return async () => {
    const { rows } = await sql<{ seconds: number }>`
      select extract(epoch from clock_timestamp() - time)::float8 as seconds from event_log.event where ledger = ${ledger} and position =
        coalesce((select next_position from bus.checkpoint where consumer = ${consumer} and ledger = ${ledger}), 0)`.execute(database);
    const seconds = rows[0]?.seconds ?? 0;
    return seconds > READY_WITHIN_SECONDS ? `is ${Math.round(seconds)} s behind the log` : undefined;
  };
}
