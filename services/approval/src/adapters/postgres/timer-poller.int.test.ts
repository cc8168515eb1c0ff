import { busMigrations } from "@countersign/bus";
import { migrate, openDatabase, type Database } from "@countersign/database";
import { eventLogMigrations } from "@countersign/event-log";
import { currentTraceparent, silentLogger } from "@countersign/telemetry";
import { recordSpans } from "@countersign/telemetry/testing";
import { testPostgres, type TestPostgres } from "@countersign/testing";
import { sql, type Kysely } from "kysely";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import type { Fired } from "../../usecases/fire-timer.ts";
import type { ActionRef } from "../../usecases/ports.ts";
import type { TimerKind } from "../../workflows/timers.ts";
import { approvalMigrations } from "./migrations.ts";
import { pollTimers, startTimerPoller } from "./timer-poller.ts";
import { claimTimers, setTimers, type ApprovalTables } from "./timer-table.ts";

const T0 = Date.UTC(2026, 0, 1);
const MINUTE = 60_000;
const YEAR = 365 * 24 * 60 * MINUTE;

let postgres: TestPostgres;
let database: Database;
let tables: Kysely<ApprovalTables>;
beforeAll(async () => {
  postgres = await testPostgres((url) => migrate(url, [eventLogMigrations, busMigrations, approvalMigrations]));
  database = openDatabase({ url: postgres.url });
  tables = database.kysely<ApprovalTables>();
});
afterAll(async () => {
  await database.close();
  await postgres.drop();
});

/** Polls once, as an instance whose clock reads `now`; what fired, and as of when. */
async function poll(
  ledger: string,
  now: number,
  fire: (ref: ActionRef) => Promise<Fired> = async () => "done",
): Promise<readonly number[]> {
  const fired: number[] = [];
  const tell = (ref: ActionRef, _kind: unknown, due: number): Promise<Fired> => {
    fired.push(due);
    return fire(ref);
  };
  await pollTimers({ database: tables, ledger, fire: tell, clock: () => new Date(now), logger: silentLogger, intervalMs: 500 }, false);
  return fired;
}

const fail = () => Promise.reject(new Error("no space left on device"));
const setOne = (ledger: string) => setTimers(tables, ledger, [{ ref: { tenant: "acme", id: "one" }, kind: "expire_grant", dueAt: T0 }]);

/** So much time passes, as Postgres knows it. */
const pass = (ledger: string, ms: number) =>
  sql`update approval.timer set claimed_until = claimed_until - ${ms}::integer * interval '1 ms' where ledger = ${ledger}`.execute(tables);

it("P8: of a flood that is due at once, each claim takes a batch, whatever Postgres believes about the table", async () => {
  const flood = Array.from({ length: 250 }, (_, at) => ({ ref: { tenant: "acme", id: `${at}` }, kind: "tend_review" as const, dueAt: T0 }));
  await setTimers(tables, "flood", flood);
  const claim = () => claimTimers(tables, "flood", { asking: false, now: T0, limit: 50, leaseMs: 30_000 });
  const claims = [await claim(), ...(await Promise.all([claim(), claim()]))];
  expect(claims.map(({ length }) => length)).toEqual([50, 50, 50]);
  expect(new Set(claims.flat().map(({ ref }) => ref.id)).size).toBe(150);
});

it("P4: a timer that fails for a moment fires within seconds, and less and less often while it goes on failing", async () => {
  await setOne("main");
  const fired: number[] = [];
  for (let second = 0; second <= 40; second += 1) {
    const found = await poll("main", T0, second > 20 ? undefined : fail);
    fired.push(...found.map(() => second));
    await pass("main", 1000);
  }
  expect(fired).toEqual([0, 2, 6, 14, 30]);
});

it("P4: a timer is told when it was found due, and is not due again before, though the clock is set back and it fails", async () => {
  await setOne("back");
  expect(await poll("back", T0 + 1000, fail)).toEqual([T0 + 1000]);
  await pass("back", MINUTE);
  expect(await poll("back", T0 - 30_000)).toEqual([]);
  expect(await poll("back", T0 + 30_000)).toEqual([T0 + 30_000]);
});

it("P4: an instance whose clock is far ahead keeps no timer from the others, neither when it fails nor when it dies", async () => {
  const now = Date.now();
  await setOne("ahead");
  expect(await poll("ahead", now + YEAR, fail)).toEqual([now + YEAR]);
  await pass("ahead", MINUTE);
  await claimTimers(tables, "ahead", { asking: false, now: now + YEAR, limit: 1, leaseMs: 30_000 });
  expect(await poll("ahead", now + MINUTE)).toEqual([]);
  await pass("ahead", MINUTE);
  expect(await poll("ahead", now + MINUTE)).toEqual([now + MINUTE]);
});

it("P4: an instance whose clock is behind tries again as soon as another one", async () => {
  await setOne("behind");
  expect(await poll("behind", T0, fail)).toEqual([T0]);
  await pass("behind", 2000);
  expect(await poll("behind", T0)).toEqual([T0]);
});

it("P4: a timer that was claimed before the clock of Postgres was set back is free", async () => {
  await setOne("server");
  await claimTimers(tables, "server", { asking: false, now: T0, limit: 1, leaseMs: 30_000 });
  await pass("server", -60 * MINUTE);
  expect(await poll("server", T0)).toEqual([T0]);
});

it("P4: timers that go on failing let another tenant's have its turn", async () => {
  const batch = Array.from({ length: 50 }, (_, at) => ({
    ref: { tenant: "acme", id: `${at}` },
    kind: "expire_grant" as const,
    dueAt: T0,
  }));
  await setTimers(tables, "turns", batch);
  expect(await poll("turns", T0 + 1000, fail)).toHaveLength(50);
  await setTimers(tables, "turns", [{ ref: { tenant: "globex", id: "one" }, kind: "tend_review", dueAt: T0 + 2000 }]);
  const turns: string[] = [];
  const failAgain = ({ tenant }: ActionRef) => {
    turns.push(tenant);
    return fail();
  };
  for (const now of [T0 + MINUTE, T0 + 2 * MINUTE]) {
    await pass("turns", MINUTE);
    expect(await poll("turns", now, failAgain)).toHaveLength(50);
  }
  expect(turns).toContain("globex");
});

it("P8: no deadline waits for a policy that does not answer, however many ask it", async () => {
  const asking = Array.from({ length: 60 }, (_, at) => ({
    ref: { tenant: "acme", id: `${at}` },
    kind: "verdict_retry" as const,
    dueAt: T0,
  }));
  await setTimers(tables, "lines", [...asking, { ref: { tenant: "globex", id: "one" }, kind: "tend_review", dueAt: T0 + 1000 }]);
  const silent = Promise.withResolvers<Fired>();
  const told: string[] = [];
  const fire = async (ref: ActionRef, kind: TimerKind): Promise<Fired> => {
    told.push(ref.tenant);
    return kind === "verdict_retry" ? silent.promise : "done";
  };
  const clock = () => new Date(T0 + MINUTE);
  const poller = startTimerPoller({ database: tables, ledger: "lines", fire, clock, logger: silentLogger, intervalMs: 100 });
  try {
    await vi.waitFor(() => expect(told).toContain("globex"), 20_000);
  } finally {
    silent.resolve("done");
    await poller.close();
  }
});

it("what a timer does is a trace of its own", async () => {
  await setOne("traced");
  const recorded = recordSpans();
  const seen: string[] = [];
  const fire = async (): Promise<"done"> => {
    seen.push(currentTraceparent());
    return "done";
  };
  const deps = { database: tables, ledger: "traced", clock: () => new Date(T0), logger: silentLogger, intervalMs: 500 };
  await pollTimers({ ...deps, fire }, false);
  recorded.close();
  const [span] = recorded.spans();
  expect(recorded.spans().map(({ name }) => name)).toEqual(["fire expire_grant"]);
  expect(seen).toEqual([`00-${span?.spanContext().traceId}-${span?.spanContext().spanId}-01`]);
});
