import type { Database } from "@countersign/database";
import type { Readiness } from "@countersign/telemetry";

type Nats = { isClosed(): boolean; rtt(): Promise<number> };

/** What every process stands on: without its database and its bus it is not ready. Returns what takes both checks off again. */
export function standOn(readiness: Readiness, database: Pick<Database, "pool">, nats: Nats): () => void {
  const checks = [
    // In the role and with the settings that the work is done with.
    readiness.add("postgres", "vital", async () => {
      const { rows } = await database.pool.query<{ standby: boolean }>("select pg_is_in_recovery() as standby");
      return rows[0]?.standby === false ? undefined : "is a standby: it takes no appends";
    }),
    readiness.add("nats", "vital", async () => {
      if (nats.isClosed()) return "is not connected";
      await nats.rtt();
      return undefined;
    }),
  ];
  return () => checks.forEach((remove) => remove());
}
