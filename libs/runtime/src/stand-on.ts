import type { BusWatch } from "@countersign/bus";
import type { Database } from "@countersign/database";
import type { Readiness } from "@countersign/telemetry";

type Nats = { isClosed(): boolean; rtt(): Promise<number> };
type Bus = Pick<BusWatch, "problem">;

/** Without its database a process that stands on the log is not ready. Returns what takes the check off again. */
export function standOnPostgres(readiness: Readiness, database: Pick<Database, "pool">): () => void {
  // In the role and with the settings that the work is done with.
  return readiness.add("postgres", "vital", async () => {
    const { rows } = await database.pool.query<{ standby: boolean; readonly: boolean }>(
      "select pg_is_in_recovery() as standby, current_setting('default_transaction_read_only')::bool as readonly",
    );
    if (rows[0]?.standby !== false) return "is a standby: it takes no appends";
    return rows[0].readonly ? "is read-only: it takes no appends" : undefined;
  });
}

/** Without its bus no process is ready. Returns what takes the check off again. */
export function standOnNats(readiness: Readiness, nats: Nats, bus: Bus): () => void {
  return readiness.add("nats", "vital", async () => {
    if (nats.isClosed()) return "is not connected";
    await nats.rtt();
    return bus.problem();
  });
}
