import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { createTestEventLog } from "@countersign/event-log/testing";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { toFact } from "../adapters/events/to-fact.ts";
import { actionsProjection } from "../projections/actions/index.ts";
import { auditDatabase, foldLive, rebuildParts, type AuditDatabase } from "../testing/audit-database.ts";
import { recordHistory, someMoves } from "../testing/plausible-history.ts";
import { compareProjection, type BuildProgress } from "./compare-projection.ts";

const projection = actionsProjection(toFact);
let postgres: AuditDatabase;
beforeAll(async () => {
  postgres = await auditDatabase();
  const log = createTestEventLog({ url: postgres.url, ledger: "main" });
  await recordHistory(log, someMoves(4, 600, 60));
  await foldLive(log, postgres.database);
  await log.close();
});
afterAll(() => postgres.close());

const PROGRAM = fileURLToPath(new URL("./testing/rebuild-process.ts", import.meta.url));
async function rows<Row extends object>(query: string): Promise<readonly Row[]> {
  return (await postgres.pool.pool.query<Row>(query)).rows;
}
const liveRows = () => rows("select a::text as row from audit.action a order by tenant, action_id");
const LOCKS =
  "select from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())";

it("P5: a rebuild killed in the middle is gone on with, and the live projection never knew", async () => {
  const before = await liveRows();
  const child = spawn(process.execPath, [PROGRAM, postgres.url], { stdio: ["ignore", "pipe", "inherit"] });
  let told = "";
  for await (const chunk of child.stdout) {
    told += String(chunk);
    if (told.split("\n").length > 9) break;
  }
  child.kill("SIGKILL");
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
  expect(told).not.toContain("version");
  expect(await liveRows()).toEqual(before);
  // Postgres finds out by itself that nobody is there any more.
  await vi.waitFor(async () => expect(await rows(LOCKS)).toEqual([]), 30_000);
  const [left] = await rows<{ position: number }>("select position from audit.build where state = 'building'");
  expect(left?.position).toBeGreaterThan(100);

  const progress: BuildProgress[] = [];
  const onProgress = (step: BuildProgress): void => void progress.push(step);
  expect(await compareProjection(rebuildParts(postgres.pool), projection, { replace: true, onProgress })).toMatchObject({
    version: 2,
    identical: true,
  });
  expect(progress[0]?.from).toBe(left?.position);
  expect(await liveRows()).toEqual(before);
  expect(await rows("select tablename from pg_tables where schemaname = 'audit' and tablename like 'action%'")).toEqual([
    { tablename: "action_v2" },
  ]);
});
