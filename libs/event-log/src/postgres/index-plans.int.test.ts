import { createHash } from "node:crypto";
import { migrate, openDatabase, type Database } from "@countersign/database";
import { testPostgres, type TestPostgres } from "@countersign/testing";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { EventLog } from "../event-log.ts";
import { appended, appendTo, stream, withKey } from "../test-requests.ts";
import { eventLogMigrations } from "./migrations.ts";
import type { PostgresEventLog } from "./postgres-event-log.ts";
import { createTestEventLog } from "../testing.ts";

// Enough, with ids as long as real ones, that the index on streams has a level more than the others and looks dearer.
const STREAMS = 8_000;
const contentOf = (index: number) => ({
  digest: createHash("sha256").update(`${index}`).digest(),
  salt: Buffer.alloc(32),
  body: Buffer.of(1),
});
const id = (index: number) => `${"0".repeat(30)}${index}`;

let postgres: TestPostgres;
let owner: Database;
/** Has been there since the tables were empty, with the plans of that time. */
let veteran: PostgresEventLog;
beforeAll(async () => {
  postgres = await testPostgres((url) => migrate(url, [eventLogMigrations]));
  owner = openDatabase({ url: postgres.url, role: null, maxConnections: 1 });
  // Postgres knows nothing about these tables, as in the first minute after an installation.
  await owner.pool.query(`
    do $$ declare name text; begin
      for name in select tablename from pg_tables where schemaname = 'event_log' loop
        execute format('alter table event_log.%I set (autovacuum_enabled = off)', name);
      end loop;
    end $$`);
  // A vacuum worker summarizes ranges of pages whatever a table says about vacuums, and the rows that it reads count as ours.
  await owner.pool.query("alter index event_log.event_by_id set (autosummarize = off)");
  veteran = createTestEventLog({ url: postgres.url, ledger: "main", maxReadConnections: 1 });
  for (let turn = 0; turn < 10; turn += 1) {
    await veteran.append(appendTo(stream(id(7)), 5, withKey("k-7")));
    await veteran.readStream(stream(id(7)));
    await Promise.all([7, 8, 9].map((index) => veteran.readStream(stream(id(index)))));
  }
  await withLog(async (log) => {
    await Promise.all(
      Array.from({ length: STREAMS }, (_, index) =>
        appended(log, appendTo(stream(id(index)), 0, { ...withKey(`k-${index}`), contents: [contentOf(index)] })),
      ),
    );
  });
});
afterAll(async () => {
  await owner.close();
  await postgres.drop();
});

async function withLog(work: (log: EventLog) => Promise<unknown>): Promise<void> {
  const others = await sessions();
  const log = createTestEventLog({ url: postgres.url, ledger: "main" });
  await work(log);
  await log.close();
  await endOfAllBut(others);
}

/** Sessions hand in their counts when they end, which is some time after the client has let go of them. */
async function endOfAllBut(others: number[]): Promise<void> {
  await vi.waitFor(async () => expect(others).toEqual(expect.arrayContaining(await sessions())), { timeout: 20_000 });
}

async function sessions(): Promise<number[]> {
  const { rows } = await owner.pool.query<{ pid: number }>(`
    select pid from pg_stat_activity where datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()`);
  return rows.map((row) => row.pid);
}

async function rowsTouched(): Promise<number> {
  const { rows } = await owner.pool.query<{ touched: number }>(`
    select (select sum(idx_tup_read) from pg_stat_user_indexes where schemaname = 'event_log')::bigint
      + (select sum(seq_tup_read) from pg_stat_user_tables where schemaname = 'event_log')::bigint as touched`);
  return rows[0]?.touched ?? Number.NaN;
}

describe("on tables that were never analyzed, rows are found by the right index:", () => {
  it.each<[string, (log: EventLog) => Promise<unknown>]>([
    ["an append that looks at the log", (log) => log.append(appendTo(stream(id(7)), 0))],
    ["a repeated append", (log) => log.append(appendTo(stream(id(7)), 1, withKey("k-7")))],
    ["one stream", (log) => log.readStream(stream(id(7)))],
    ["many streams", (log) => Promise.all([7, 8, 9].map((index) => log.readStream(stream(id(index)))))],
    ["the end of the log", (log) => log.readAll({ from: STREAMS - 3, limit: 10 })],
    ["the end of a tenant's events", (log) => log.readTenant("acme", { from: STREAMS - 3, limit: 10 })],
    ["contents by name", (log) => log.readNamedContents([{ stream: stream(id(7)), digest: contentOf(7).digest }])],
    ["a reply", (log) => log.findReply("acme", "https://issuer|agent", "k-7")],
  ])("%s", async (_what, work) => {
    const before = await rowsTouched();
    await withLog(work);
    expect((await rowsTouched()) - before).toBeLessThan(100);
  });

  it("an append and reads by a process that is as old as the tables", async () => {
    const before = await rowsTouched();
    expect(await veteran.append(appendTo(stream(id(7)), 5))).toEqual({ outcome: "conflict", actualVersion: 1 });
    expect(await veteran.readStream(stream(id(7)))).toHaveLength(1);
    expect(await Promise.all([7, 8, 9].map((index) => veteran.readStream(stream(id(index)))))).toMatchObject([[{}], [{}], [{}]]);
    await veteran.close();
    await endOfAllBut([]);
    expect((await rowsTouched()) - before).toBeLessThan(100);
  });
});
