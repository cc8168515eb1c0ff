import { ERASER_ROLE, migrate, openDatabase, type Database } from "@countersign/database";
import { testPostgres, type TestPostgres } from "@countersign/testing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { appended, appendTo, erasure, readEverything, stream, withKey } from "../test-requests.ts";
import { eventLogMigrations } from "./migrations.ts";
import type { PostgresEventLog } from "./postgres-event-log.ts";
import { createTestEventLog } from "../testing.ts";

const CONTENT = { digest: Buffer.alloc(32, 1), salt: Buffer.alloc(32, 2), body: Buffer.from("typed") };
/** After all that the tests append. */
const EVENTS = 6;
const FORBIDDEN = [
  "update event_log.event set type = 'Other'",
  "delete from event_log.event",
  "truncate event_log.event",
  "update event_log.event set type = 'Other' where false",
  "delete from event_log.ledger_head",
  "update event_log.ledger_head set next_position = 0",
  "update event_log.ledger_head set ledger = 'x'",
  "update event_log.idempotency set reply = ''",
  "delete from event_log.idempotency",
  "update event_log.content set body = ''",
  "truncate event_log.content",
];

let postgres: TestPostgres;
let log: PostgresEventLog;
let service: Database;
let owner: Database;
beforeAll(async () => {
  postgres = await testPostgres((url) => migrate(url, [eventLogMigrations]));
  log = createTestEventLog({ url: postgres.url, ledger: "main" });
  service = openDatabase({ url: postgres.url });
  owner = openDatabase({ url: postgres.url, role: null });
  await appended(log, appendTo(stream("a"), 0, { count: 3, contents: [CONTENT], ...withKey("key") }));
});
afterAll(async () => {
  await Promise.all([log.close(), service.close(), owner.close()]);
  await postgres.drop();
});

describe("P6: what is recorded stays", () => {
  it.each(FORBIDDEN)("for the service's role: %s", async (statement) => {
    await expect(service.pool.query(statement)).rejects.toMatchObject({ code: "42501" });
  });

  it.each(FORBIDDEN)("for the owner, who is a superuser here: %s", async (statement) => {
    await expect(owner.pool.query(statement)).rejects.toThrow(/append-only|only moves forward/);
  });

  it("for the service's role: it cannot take the guards away, nor start a ledger elsewhere than at 0", async () => {
    for (const statement of [
      "alter table event_log.event disable trigger all",
      "drop table event_log.event",
      "set session_replication_role = replica",
      "insert into event_log.ledger_head values ('forged', 5)",
      "delete from event_log.content",
      "drop trigger erased_by_event on event_log.content",
    ]) {
      await expect(service.pool.query(statement)).rejects.toMatchObject({ code: "42501" });
    }
  });

  it("P5: for the service's role: the head moves no further at once than an append can", async () => {
    for (const far of ["next_position + 100001", "9223372036854775807"]) {
      const move = `update event_log.ledger_head set next_position = ${far} where ledger = 'main'`;
      await expect(service.pool.query(move)).rejects.toMatchObject({ code: "42501" });
      await expect(owner.pool.query(move)).rejects.toThrow("at most 100000");
    }
  });

  it("contents: nobody removes one that no ContentErased of its stream names, not even the owner", async () => {
    await appended(log, appendTo(stream("named"), 0, { contents: [CONTENT] }));
    await appended(log, appendTo(stream("b"), 0, { events: [erasure(CONTENT.digest)] }));
    for (const { pool } of [service, owner])
      await expect(pool.query("delete from event_log.content where stream_id = 'named'")).rejects.toMatchObject({ code: "42501" });
    await expect(log.append(appendTo(stream("named"), 1, { erased: [CONTENT.digest] }))).rejects.toThrow();
    expect((await log.readContents(stream("named"))).size).toBe(1);
  });

  it("for the eraser's role: it removes content that the log says is erased, and touches nothing else", async () => {
    const eraser = openDatabase({ url: postgres.url, role: ERASER_ROLE, maxConnections: 1 });
    for (const statement of [...FORBIDDEN, "select 1 from event_log.event", "delete from event_log.content"]) {
      await expect(eraser.pool.query(statement)).rejects.toMatchObject({ code: "42501" });
    }
    expect((await log.readContents(stream("a"))).size).toBe(1);
    await appended(log, appendTo(stream("a"), 3, { events: [erasure(CONTENT.digest)] }));
    await eraser.pool.query("delete from event_log.content where stream_id = 'a'");
    await eraser.close();
    expect((await log.readContents(stream("a"))).size).toBe(0);
    expect(await readEverything(log)).toHaveLength(EVENTS);
  });
});

describe("P6: a change behind the log's back is noticed by every read", () => {
  const tampered = async (change: string, undo: string) => {
    const client = await owner.pool.connect();
    await client.query(`alter table event_log.event disable trigger append_only`);
    await client.query(change);
    const failure = await log.readAll({ from: 0, limit: 10 }).then(
      () => undefined,
      (error: unknown) => error,
    );
    await client.query(undo);
    await client.query(`alter table event_log.event enable always trigger append_only`);
    client.release();
    return failure;
  };

  it("of an entry", async () => {
    const flip = "update event_log.event set entry = set_byte(entry, 60, get_byte(entry, 60) # 1) where position = 1";
    expect(await tampered(flip, flip)).toMatchObject({ name: "EventLogError", code: "corrupt" });
  });

  it("of an entry and its hash, moved to another place", async () => {
    const swap = "update event_log.event set position = 100 - position where position in (0, 100)";
    expect(await tampered(swap, swap)).toMatchObject({ name: "EventLogError", code: "corrupt" });
  });

  it("and once it is undone, everything reads again", async () => {
    expect(await readEverything(log)).toHaveLength(EVENTS);
  });
});
