import type { PostgresEventLog } from "@countersign/event-log";
import { createTestEventLog } from "@countersign/event-log/testing";
import { sql, type Kysely } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { toFact } from "../adapters/events/to-fact.ts";
import { actionsProjection } from "../projections/actions/index.ts";
import { auditDatabase, foldLive, rebuildParts, type AuditDatabase } from "../testing/audit-database.ts";
import { recordHistory, someMoves } from "../testing/plausible-history.ts";
import { compareProjection, type BuildProgress, type RebuildParts } from "./compare-projection.ts";

const projection = actionsProjection(toFact);
let postgres: AuditDatabase;
let database: Kysely<unknown>;
let log: PostgresEventLog;
let parts: RebuildParts;
let head: number;
beforeAll(async () => {
  postgres = await auditDatabase();
  ({ database } = postgres);
  log = createTestEventLog({ url: postgres.url, ledger: "main" });
  await recordHistory(log, someMoves(3, 1400, 150));
  head = await foldLive(log, database);
  parts = { ...rebuildParts(postgres.pool), batch: 100 };
});
afterAll(async () => {
  await log.close();
  await postgres.close();
});

const builds = async () =>
  (await sql<{ version: number; state: string }>`select version, state from audit.build order by version`.execute(database)).rows;
const tables = async () =>
  (
    await sql<{ name: string }>`select tablename as name from pg_tables where schemaname = 'audit' and tablename like 'action%'`.execute(
      database,
    )
  ).rows;

/** Breaks off as a crash would: what is committed stays, nothing is tidied. */
function breakingAt(position: number): RebuildParts["scan"] {
  return async function* (range) {
    yield* parts.scan({ from: range.from, to: Math.min(range.to, position) });
    throw new Error("crashed");
  };
}

describe("P5: blue and green", () => {
  it("a build that crashed is gone on with, and comes to the same state as one in a single run", async () => {
    expect(head).toBeGreaterThan(1050);
    const whole = await compareProjection(parts, projection, { replace: true });
    expect(whole).toMatchObject({ identical: true, version: 2, position: head, differsAt: undefined });
    await expect(compareProjection({ ...parts, scan: breakingAt(1000) }, projection, { replace: true })).rejects.toThrow("crashed");
    expect((await builds()).at(-1)).toEqual({ version: 3, state: "building" });
    const progress: BuildProgress[] = [];
    const resumed = await compareProjection(parts, projection, { replace: true, onProgress: (step) => void progress.push(step) });
    expect(resumed).toMatchObject({ identical: true, version: 3, stateDigest: whole.stateDigest });
    expect(progress[0]).toMatchObject({ from: 1000, done: 1100 });
    expect(progress.at(-1)).toMatchObject({ done: head, total: head });
    expect(await builds()).toEqual([
      { version: 1, state: "replaced" },
      { version: 2, state: "replaced" },
      { version: 3, state: "live" },
    ]);
    expect(await tables()).toEqual([{ name: "action_v3" }]);
  });

  it("a comparison leaves nothing behind, and a build of another shape is not gone on with", async () => {
    expect(await compareProjection(parts, projection, { replace: false })).toMatchObject({ identical: true });
    expect(await tables()).toEqual([{ name: "action_v3" }]);
    await expect(compareProjection({ ...parts, scan: breakingAt(100) }, projection, { replace: true })).rejects.toThrow("crashed");
    await sql`update audit.build set shape = 'of another build of the program', position = 50 where state = 'building'`.execute(database);
    const again = await compareProjection(parts, projection, { replace: true });
    expect(again).toMatchObject({ identical: true });
    expect(await tables()).toHaveLength(1);
  });

  it("says from which position on the build before it had another state", async () => {
    const { version } = await compareProjection(parts, projection, { replace: true });
    await sql`insert into audit.build_digest (projection, version, position, digest)
      values (${projection.name}, ${version}, 10000, 'x'), (${projection.name}, ${version}, 20000, 'same'),
        (${projection.name}, ${version + 1}, 10000, 'y'), (${projection.name}, ${version + 1}, 20000, 'same')`.execute(database);
    expect(await compareProjection(parts, projection, { replace: true })).toMatchObject({ differsAt: 10_000 });
  });
});
