import type { Database } from "@countersign/database";
import { testPostgres, type TestPostgres } from "@countersign/testing";
import { sql } from "kysely";
import { afterAll, beforeAll, expect, onTestFinished, test, vi } from "vitest";
import { postgresLease } from "./lease.ts";
import { openTestDatabase } from "./test-database.ts";

let postgres: TestPostgres;
let databases: readonly Database[];
const open = () => openTestDatabase(postgres.url, 2, null);

beforeAll(async () => {
  postgres = await testPostgres();
  databases = [open(), open()];
});
afterAll(async () => {
  await Promise.all(databases.map((database) => database.close()));
  await postgres.drop();
});

const lease = (index: number, name: string) => {
  const database = databases[index];
  if (database === undefined) throw new Error("no database");
  return postgresLease(database.kysely<unknown>(), name);
};

test("one holder at a time; released, it goes to the next", async () => {
  const [first, second] = [lease(0, "job"), lease(1, "job")];
  expect(await first.tryAcquire()).toBe(true);
  expect(await first.tryAcquire()).toBe(true);
  expect(await second.tryAcquire()).toBe(false);
  await first.release();
  expect(first.held()).toBe(false);
  expect(await second.tryAcquire()).toBe(true);
  await second.release();
});

test("two users of one database handle do not share a lease", async () => {
  const kysely = databases[0]?.kysely<unknown>();
  if (kysely === undefined) throw new Error("no database");
  const [first, second, other] = [postgresLease(kysely, "shared"), postgresLease(kysely, "shared"), postgresLease(kysely, "other")];
  expect(await first.tryAcquire()).toBe(true);
  expect(await second.tryAcquire()).toBe(false);
  expect(await other.tryAcquire()).toBe(true);
  await second.release();
  expect(first.held()).toBe(true);
  await first.release();
  expect(await second.tryAcquire()).toBe(true);
  await Promise.all([second.release(), other.release()]);
});

test("a holder whose connection dies learns it soon, and another takes over", async () => {
  const [first, second] = [lease(0, "killed"), lease(1, "killed")];
  expect(await first.tryAcquire()).toBe(true);
  await killHolders();
  const before = performance.now();
  await expect.poll(() => second.tryAcquire(), { interval: 20 }).toBe(true);
  await expect.poll(() => first.held(), { interval: 20 }).toBe(false);
  expect(performance.now() - before).toBeLessThan(10_000);
  expect(await first.tryAcquire()).toBe(false);
  await second.release();
  expect(await first.tryAcquire()).toBe(true);
  await first.release();
});

test("what Postgres refuses leaves no lease behind that nobody knows of", async () => {
  const database = openTestDatabase(postgres.url, 1, null);
  onTestFinished(() => database.close());
  const kysely = database.kysely<unknown>();
  const [first, refused, other] = [postgresLease(kysely, "left"), postgresLease(kysely, "no\0name"), lease(1, "left")];
  expect(await first.tryAcquire()).toBe(true);
  await expect(refused.tryAcquire()).rejects.toThrow();
  expect(first.held()).toBe(false);
  // The one connection that there is works on, for whoever is next.
  await sql`select 1`.execute(kysely);
  expect(await other.tryAcquire()).toBe(true);
  await other.release();
});

test("heartbeats do not pile up behind a server that is silent", async () => {
  const [database] = databases;
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  onTestFinished(() => void vi.useRealTimers());
  const [held, next] = [lease(0, "silent"), lease(0, "next")];
  expect(await held.tryAcquire()).toBe(true);
  let taken = 0;
  database?.pool.on("acquire", () => (taken += 1));
  await killHolders();
  // No answer comes in the meantime: nothing else runs.
  vi.advanceTimersByTime(60_000);
  await expect.poll(() => next.tryAcquire().catch(() => false), { timeout: 20_000, interval: 20 }).toBe(true);
  expect(held.held()).toBe(false);
  expect(taken).toBeLessThan(20);
  await next.release();
});

/** Of this file's database alone: other files' migrations on the same server hold such locks as well. */
async function killHolders(): Promise<void> {
  await sql`select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and pid <> pg_backend_pid()
    and database = (select oid from pg_database where datname = current_database())`.execute(
    databases[1]?.kysely<unknown>() ?? expect.fail(),
  );
}
