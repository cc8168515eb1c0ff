import { busMigrations } from "@countersign/bus";
import { migrate, openDatabase, type Database } from "@countersign/database";
import { eventLogMigrations } from "@countersign/event-log";
import { currentTraceparent, silentLogger } from "@countersign/telemetry";
import { recordSpans } from "@countersign/telemetry/testing";
import { testPostgres, type TestPostgres } from "@countersign/testing";
import { afterAll, beforeAll, expect, it } from "vitest";
import { approvalMigrations } from "./migrations.ts";
import { pollTimers } from "./timer-poller.ts";
import { setTimers, type ApprovalTables } from "./timer-table.ts";

const T0 = Date.UTC(2026, 0, 1);

let postgres: TestPostgres;
let database: Database;
beforeAll(async () => {
  postgres = await testPostgres((url) => migrate(url, [eventLogMigrations, busMigrations, approvalMigrations]));
  database = openDatabase({ url: postgres.url });
});
afterAll(async () => {
  await database.close();
  await postgres.drop();
});

it("P4: a timer that fails for a moment fires within seconds, and less and less often while it goes on failing", async () => {
  const tables = database.kysely<ApprovalTables>();
  await setTimers(tables, "main", [{ ref: { tenant: "acme", id: "one" }, kind: "expire_grant", dueAt: T0 }]);
  const fired: number[] = [];
  let now = T0;
  const deps = { database: tables, ledger: "main", clock: () => new Date(now), logger: silentLogger, intervalMs: 500 };
  const poll = (fire: () => Promise<"done">) =>
    pollTimers({
      ...deps,
      fire: () => {
        fired.push((now - T0) / 1000);
        return fire();
      },
    });
  for (; now <= T0 + 20_000; now += 500) await poll(() => Promise.reject(new Error("no space left on device")));
  expect(fired).toEqual([0, 2, 6, 14]);
  for (; now <= T0 + 40_000; now += 500) await poll(async () => "done");
  expect(fired).toEqual([0, 2, 6, 14, 30]);
});

it("P4: a timer is told when it was found due, and is not due again before, though the clock is set back and it fails", async () => {
  const tables = database.kysely<ApprovalTables>();
  await setTimers(tables, "back", [{ ref: { tenant: "acme", id: "one" }, kind: "expire_grant", dueAt: T0 }]);
  const told: number[] = [];
  const fire = async (_ref: unknown, _kind: unknown, due: number): Promise<"done"> => {
    told.push(due);
    if (told.length === 1) throw new Error("no space left on device");
    return "done";
  };
  const back = T0 - 60_000;
  for (const readings of [[T0 + 1000, back], [back + 30_000], [T0 + 30_000]]) {
    const clock = () => new Date((readings.length > 1 ? readings.shift() : readings[0]) ?? Number.NaN);
    await pollTimers({ database: tables, ledger: "back", fire, clock, logger: silentLogger, intervalMs: 500 });
  }
  expect(told).toEqual([T0 + 1000, T0 + 30_000]);
});

it("what a timer does is a trace of its own", async () => {
  const tables = database.kysely<ApprovalTables>();
  await setTimers(tables, "traced", [{ ref: { tenant: "acme", id: "one" }, kind: "expire_grant", dueAt: T0 }]);
  const recorded = recordSpans();
  const seen: string[] = [];
  const fire = async (): Promise<"done"> => {
    seen.push(currentTraceparent());
    return "done";
  };
  const deps = { database: tables, ledger: "traced", clock: () => new Date(T0), logger: silentLogger, intervalMs: 500 };
  await pollTimers({ ...deps, fire });
  recorded.close();
  const [span] = recorded.spans();
  expect(recorded.spans().map(({ name }) => name)).toEqual(["fire expire_grant"]);
  expect(seen).toEqual([`00-${span?.spanContext().traceId}-${span?.spanContext().spanId}-01`]);
});
