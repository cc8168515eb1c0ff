import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { migrate, openDatabase } from "@countersign/database";
import { startPostgres } from "@countersign/embedded";
import { byteaArray, createTestEventLog } from "@countersign/event-log/testing";
import { ALL_MIGRATIONS } from "@countersign/server";
import { cpuSecondsOf, postgresCpuSeconds } from "../process-usage.ts";
import { ENTRY_BYTES, eventSource } from "./events.ts";
import { repeat, type Part } from "./measure.ts";

const WAITING = 64;

/** Group commit alone, and our appender, on one PostgreSQL. */
export async function openPostgresParts(folder: string): Promise<{ readonly bare: Part; readonly ours: Part; close(): Promise<void> }> {
  const settings = { shared_buffers: "128MB", max_wal_size: "2GB" };
  const postgres = await startPostgres({ dataDir: join(folder, "raw-postgres"), settings });
  await migrate(postgres.localUrl, ALL_MIGRATIONS);
  const database = openDatabase({ url: postgres.localUrl, role: null, maxConnections: 1 });
  await database.pool.query("create table public.bare (n bigserial primary key, entry bytea not null)");
  const log = createTestEventLog({ url: postgres.localUrl, ledger: "raw" });
  const next = eventSource();
  const cpu = (): number => cpuSecondsOf([process.pid]) + postgresCpuSeconds(postgres.pid);
  const rows = Array.from({ length: WAITING }, () => randomBytes(ENTRY_BYTES));
  const commit = async (): Promise<void> => {
    await database.pool.query({
      name: "bare",
      text: "insert into public.bare (entry) select e from unnest($1::bytea[]) as e",
      values: [byteaArray(rows)],
    });
  };
  const append = async (): Promise<void> => {
    const { outcome } = await log.append(next());
    if (outcome !== "appended") throw new Error(`${outcome} where appended was due`);
  };
  return {
    bare: { cpu, run: async (seconds) => (await repeat(seconds, 1, commit)) * WAITING },
    ours: { cpu, run: (seconds) => repeat(seconds, WAITING, append) },
    close: async () => {
      await log.close();
      await database.close();
      await postgres.stop();
    },
  };
}
