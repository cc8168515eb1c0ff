import { migrate, openDatabase, type Database } from "@countersign/database";
import { testPostgres, type TestPostgres } from "@countersign/testing";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { appended, appendTo, stream } from "../test-requests.ts";
import { createTestEventLog, TEST_APPEND_KEYS } from "../testing.ts";
import { eventLogMigrations } from "./migrations.ts";
import type { PostgresEventLog } from "./postgres-event-log.ts";
import { scanLedger } from "./scan-ledger.ts";

const EVENTS = 300;
const TABLE = "event_log.event";
let postgres: TestPostgres;
let owner: Database;
let log: PostgresEventLog;
beforeAll(async () => {
  postgres = await testPostgres((url) => migrate(url, [eventLogMigrations]));
  owner = openDatabase({ url: postgres.url, role: null });
  log = createTestEventLog({ url: postgres.url, ledger: "main" });
  for (let version = 0; version < EVENTS; version += 100) await appended(log, appendTo(stream("a"), version, { count: 100 }));
  // Whoever has all rights takes these away.
  await owner.pool.query(
    `alter table ${TABLE} disable trigger all, alter column append_code drop not null, drop constraint event_append_code_check`,
  );
  await owner.pool.query(`create table public.kept as table ${TABLE}`);
});
beforeEach(async () => {
  await owner.pool.query(`delete from ${TABLE}`);
  await owner.pool.query(`insert into ${TABLE} table public.kept`);
});
afterAll(async () => {
  await log.close();
  await owner.close();
  await postgres.drop();
});

/** What is sealed of a stretch: the leaf hashes of its events. */
async function read(from: number, to: number, ledger = "main", database: Database = owner): Promise<readonly Buffer[]> {
  const hashes: Buffer[] = [];
  for await (const events of scanLedger(database, ledger, { from, to }, TEST_APPEND_KEYS))
    hashes.push(...events.map(({ leafHash }) => Buffer.from(leafHash)));
  return hashes;
}
const tamper = (change: string) => owner.pool.query(`update ${TABLE} set ${change}`);

describe("scanLedger, where somebody with all rights was at the table,", () => {
  it("gives those of the events that the reader gives, wherever it begins", async () => {
    const hashes = (await log.readAll({ from: 0, limit: EVENTS })).map(({ leafHash }) => Buffer.from(leafHash));
    await tamper("entry = entry");
    expect(await read(0, EVENTS)).toEqual(hashes);
    // Positions of one and of two bytes.
    for (const [from, to] of [
      [0, 0],
      [0, 1],
      [1, 2],
      [126, 130],
      [127, 128],
      [298, 300],
    ] as const)
      expect(await read(from, to)).toEqual(hashes.slice(from, to));
  });

  it("P6: refuses what every reader refuses, and names it", async () => {
    const bad: Readonly<Record<string, string>> = {
      "a code of nobody": "append_code = sha256('x')::bytea where position = 7",
      "no code": "append_code = null where position = 7",
      "a code of another event": `append_code = (select append_code from public.kept where position = 8) where position = 7`,
      "another entry with its own hash": "entry = entry || '\\x1a00', leaf_hash = sha256('\\x00' || entry || '\\x1a00') where position = 7",
      "another entry": "entry = entry || '\\x1a00' where position = 7",
      "another hash": "leaf_hash = sha256('x') where position = 7",
      "an event of another place": `(entry, leaf_hash, append_code) = (select entry, leaf_hash, append_code from public.kept where position = 8) where position = 7`,
      "what the next one's code begins with": `append_code = case position
        when 7 then append_code || substring((select append_code from public.kept where position = 8) for 1)
        else substring(append_code from 2) end where position in (7, 8)`,
      "the code of the one before":
        "append_code = case position when 6 then append_code || (select append_code from public.kept where position = 7) else ''::bytea end where position in (6, 7)",
    };
    for (const [what, change] of Object.entries(bad)) {
      await owner.pool.query(`delete from ${TABLE}; insert into ${TABLE} table public.kept`);
      await tamper(change);
      const first = change.includes("(6, 7)") ? 6 : 7;
      for (const [from, to] of [
        [0, EVENTS],
        [5, 10],
      ] as const)
        await expect(read(from, to), what).rejects.toMatchObject({ code: "corrupt", position: first });
      expect(await read(9, EVENTS), what).toHaveLength(EVENTS - 9);
    }
  });

  it.each([
    ["was altered", "update @ set entry = entry || '\\x1a00' where position = 7", 7],
    ["is missing", "delete from @ where position = 7", 7],
    ["was put between others", "alter table @ drop constraint if exists event_pkey; update @ set position = 19 where position = 20", 20],
  ])("P6: gives what is sound before one that %s, and then refuses", async (_what, change, position) => {
    await owner.pool.query(change.replaceAll("@", TABLE));
    const given: number[] = [];
    const scan = async () => {
      for await (const events of scanLedger(owner, "main", { from: 2, to: 20 }, TEST_APPEND_KEYS))
        given.push(...events.map((event) => event.position));
    };
    await expect(scan()).rejects.toMatchObject({ code: "corrupt", position });
    expect(given).toEqual(Array.from({ length: position - 2 }, (_, index) => 2 + index));
  });

  it("P6: refuses a gap, and an end before its end", async () => {
    await owner.pool.query(`delete from ${TABLE} where position = 7`);
    await expect(read(0, 20)).rejects.toMatchObject({ code: "corrupt", position: 7 });
    await expect(read(290, EVENTS + 1)).rejects.toMatchObject({ code: "corrupt", position: EVENTS });
    await expect(read(0, 5, "other")).rejects.toMatchObject({ code: "corrupt", position: 0 });
  });

  it("P6: believes no hash that Postgres computes, and takes no more events than were asked for", async () => {
    const liar = `create function pg_catalog.sha256(bytea) returns bytea language sql as 'select leaf_hash from ${TABLE} where entry = substr($1, 2)'`;
    await owner.pool.query(`alter function pg_catalog.sha256(bytea) rename to honest; ${liar}`);
    await tamper("(leaf_hash, append_code) = (select leaf_hash, append_code from public.kept where position = 3) where position = 7");
    // No statement of before knows the liar.
    const session = openDatabase({ url: postgres.url, role: null });
    await expect(read(0, 20, "main", session)).rejects.toMatchObject({ position: 7 });
    await session.close();
    await owner.pool.query("drop function pg_catalog.sha256(bytea); alter function pg_catalog.honest(bytea) rename to sha256");
    await owner.pool.query(
      `alter table ${TABLE} drop constraint if exists event_pkey; delete from ${TABLE}; insert into ${TABLE} table public.kept`,
    );
    await tamper("position = 19 where position = 20");
    await expect(read(0, 20)).rejects.toMatchObject({ code: "corrupt", position: 20 });
  });

  it("says that the log cannot be read when it cannot", async () => {
    const gone = openDatabase({ url: postgres.url.replace(/\/[^/]*$/, "/nothing_here") });
    await expect(read(0, 1, "main", gone)).rejects.toMatchObject({ code: "unavailable" });
    await gone.close();
  });
});
