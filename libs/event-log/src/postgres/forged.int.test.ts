import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { migrate, openDatabase, type Database } from "@countersign/database";
import { testPostgres, type TestPostgres } from "@countersign/testing";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { appendKeys, type AppendKeys } from "../append-keys.ts";
import { corruptionIn, type EventLogError } from "../errors.ts";
import type { AppendRequest, RecordedEvent } from "../event-log.ts";
import { forgeAppend } from "../forge.ts";
import { appended, appendTo, readEverything, stream, withKey } from "../test-requests.ts";
import { TEST_APPEND_KEYS } from "../testing.ts";
import { eventLogMigrations } from "./migrations.ts";
import { createPostgresEventLog, createPostgresEventReader, type PostgresEventLog } from "./postgres-event-log.ts";
import { scanLedger } from "./scan-ledger.ts";

let postgres: TestPostgres;
let owner: Database;
const open: { close(): Promise<void> }[] = [];
let ledgers = 0;
let ledger: string;
let log: PostgresEventLog;

beforeAll(async () => {
  postgres = await testPostgres((url) => migrate(url, [eventLogMigrations]));
  owner = openDatabase({ url: postgres.url, role: null });
  await owner.pool.query("alter table event_log.idempotency disable trigger all");
  // Whoever has all rights takes these away, too.
  await owner.pool.query("alter table event_log.event alter column append_code drop not null, drop constraint event_append_code_check");
  await owner.pool.query(
    "alter table event_log.idempotency alter column append_code drop not null, drop constraint idempotency_append_code_check",
  );
});
beforeEach(async () => {
  ledgers += 1;
  ledger = `ledger-${ledgers}`;
  await owner.pool.query("alter table event_log.event disable trigger all; alter table event_log.ledger_head disable trigger all");
  // A caller's keys are its own over all ledgers.
  await owner.pool.query("delete from event_log.idempotency");
  log = opened();
  await appended(log, appendTo(stream("a"), 0, { count: 2, ...withKey("used") }));
  await appended(log, appendTo(stream("b"), 0));
});
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});
afterAll(async () => {
  await owner.close();
  await postgres.drop();
});

/** One more instance. */
function opened(keys: AppendKeys = TEST_APPEND_KEYS, name = ledger): PostgresEventLog {
  const one = createPostgresEventLog({ url: postgres.url, ledger: name, keys, maxReadConnections: 1 });
  open.push(one);
  return one;
}

const corrupt = (message: string) => ({ code: "corrupt", message: expect.stringContaining(message) as string });
const forge = (request: AppendRequest) => forgeAppend(postgres.url, ledger, request);
const tamper = (statement: string) => owner.pool.query(statement.replaceAll("@", `ledger = '${ledger}'`));

/** As the runbook has it. */
function removalOf(position: number, count: number): string {
  const [, section = ""] = readFileSync(new URL("../../../../deploy/runbook.md", import.meta.url), "utf8").split("\n## Corrupt events\n");
  const [, statements = ""] = /```sql\n([^`]*)```/.exec(section) ?? [];
  return statements.replaceAll("4711", String(position)).replaceAll("= 3;", `= ${count};`).replaceAll("'main'", `'${ledger}'`);
}

async function scanned(keys: AppendKeys | "unchecked"): Promise<readonly RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for await (const batch of scanLedger(owner, ledger, { from: 0, to: await log.nextPosition() }, keys)) events.push(...batch);
  return events;
}

describe("P6, P7: an event that a superuser inserted with every number, link and hash right", () => {
  it("is refused by every reader, with its position and what to do", async () => {
    await forge(appendTo(stream("a"), 2));
    const refused = { ...corrupt("position 3"), position: 3 };
    await expect(log.readStream(stream("a"))).rejects.toMatchObject(refused);
    await expect(log.readStream(stream("a"), 2)).rejects.toMatchObject(refused);
    await expect(log.readAll({ from: 0, limit: 10 })).rejects.toMatchObject(refused);
    await expect(log.readTenant("acme", { from: 3, limit: 10 })).rejects.toMatchObject(refused);
    await expect(scanned(TEST_APPEND_KEYS)).rejects.toMatchObject(corrupt("COUNTERSIGN_APPEND_KEY_FILE"));
    await expect(Promise.all(["a", "b"].map((id) => log.readStream(stream(id))))).rejects.toMatchObject(refused);
    expect(await log.readStream(stream("b"))).toHaveLength(1);
  });

  it("is taken for a real one only by who says that nothing is checked", async () => {
    const [forged] = await forge(appendTo(stream("a"), 2));
    expect((await scanned("unchecked")).at(-1)?.leafHash).toEqual(forged?.leafHash);
    const reader = createPostgresEventReader({ url: postgres.url, ledger, keys: "unchecked", maxReadConnections: 1 });
    open.push(reader);
    expect(await reader.readStream(stream("a"))).toHaveLength(3);
  });

  it("is the last one: nobody appends behind it, whoever appended before, until it is gone", async () => {
    await forge(appendTo(stream("of another", "globex"), 0));
    for (const one of [log, opened()]) {
      await expect(one.append(appendTo(stream("b"), 1))).rejects.toMatchObject({ ...corrupt("position 3"), position: 3 });
      await expect(one.append(appendTo(stream("new"), 0))).rejects.toMatchObject(corrupt("position 3"));
    }
    await owner.pool.query("alter table event_log.event enable always trigger append_only");
    await owner.pool.query("alter table event_log.ledger_head enable always trigger forward_only");
    await owner.pool.query(removalOf(3, 2));
    await expect(log.append(appendTo(stream("b"), 1))).rejects.toMatchObject(corrupt("position 3"));
    await owner.pool.query(removalOf(3, 1));
    for (const [version, one] of [log, opened()].entries()) await appended(one, appendTo(stream("b"), 1 + version));
    expect(await readEverything(log)).toHaveLength(5);
  });

  it("P8: hides before the end in vain: no tenant's or stream's next event links to it, and whoever shares a batch with these goes on", async () => {
    await forge(appendTo(stream("new"), 0));
    await tamper(
      "update event_log.event set position = -1 where @ and position = 3; update event_log.ledger_head set next_position = 3 where @",
    );
    for (const one of [log, opened()]) {
      await appended(one, appendTo(stream(`connected ${one === log}`, "globex"), 0));
      let lost = 0;
      one.onLost?.(() => (lost += 1));
      const [first, refused, other] = await Promise.allSettled([
        one.append(appendTo(stream(`first of another ${one === log}`, "globex"), 0)),
        one.append(appendTo(stream("b"), 1)),
        one.append(appendTo(stream(`of another ${one === log}`, "globex"), 0)),
      ]);
      expect([first, other]).toMatchObject([{ value: { outcome: "appended" } }, { value: { outcome: "appended" } }]);
      expect(refused).toMatchObject({ reason: { ...corrupt("position -1"), position: -1 } });
      expect(lost).toBe(0);
    }
    await tamper("delete from event_log.event where @ and position < 0");
    await tamper("update event_log.event set leaf_hash = sha256(leaf_hash) where @ and position = 1");
    await expect(opened().append(appendTo(stream("a"), 2))).rejects.toMatchObject({ code: "corrupt", position: 1 });
    await appended(opened(), appendTo(stream("b"), 1));
  });

  it("is as little taken behind a head that was moved alone, or that was not moved", async () => {
    await tamper("update event_log.ledger_head set next_position = 4 where @");
    await expect(log.append(appendTo(stream("b"), 1))).rejects.toMatchObject({ ...corrupt("position 3"), position: 3 });
    await tamper("update event_log.ledger_head set next_position = 3 where @");
    await forge(appendTo(stream("b"), 1));
    await tamper("update event_log.ledger_head set next_position = 3 where @");
    await expect(opened().append(appendTo(stream("b"), 1))).rejects.toMatchObject({ code: "corrupt" });
  });
});

describe("P6: a read that meets what is corrupt", () => {
  const SOUND = [0, 1];
  const positions = (events: readonly RecordedEvent[]) => events.map(({ position }) => position);
  const read = {
    all: (from: number) => log.readAll({ from, limit: 10 }),
    tenant: (from: number) => log.readTenant("acme", { from, limit: 10 }),
  };
  /** What somebody gets who reads on behind what is sound, until that is nothing. */
  const flawOf = async (page: (from: number) => Promise<readonly RecordedEvent[]>, from: number): Promise<EventLogError> => {
    const flaw = corruptionIn(await page(from).then(positions, (error: unknown) => error));
    if (flaw === undefined) throw new Error("it passes for sound");
    return flaw;
  };
  beforeEach(() => appended(log, appendTo(stream("c"), 0)));

  it.each([
    ["a forged event", "set append_code = sha256('x')", 2],
    ["an altered one", "set entry = set_byte(entry, 20, 1 + get_byte(entry, 20) % 200)", 2],
    ["one that was swapped", "set leaf_hash = (select leaf_hash from event_log.event where @ and position = 0)", 2],
  ])("says of %s what stands before it, and where it is", async (_what, change, position) => {
    await tamper(`update event_log.event ${change} where @ and position = 2`);
    for (const page of [read.all, read.tenant]) {
      const flaw = await flawOf(page, 0);
      expect([flaw.position, positions(flaw.before)]).toEqual([position, SOUND]);
      expect([await flawOf(page, 2)].map((next) => [next.position, next.before])).toEqual([[position, []]]);
      expect(positions(await page(3))).toEqual([3]);
      expect(Object.keys(flaw)).not.toContain("before");
    }
  });

  it("says the same of one that is missing, also to who reads on from there", async () => {
    await tamper("delete from event_log.event where @ and position = 2");
    for (const page of [read.all, read.tenant]) {
      expect(positions((await flawOf(page, 0)).before)).toEqual(SOUND);
      expect((await flawOf(page, 2)).before).toEqual([]);
    }
    // The one before it says that it is the missing one itself.
    await tamper("update event_log.event set tenant_sequence = 3 where @ and position = 1");
    for (const page of [read.all, read.tenant]) expect((await flawOf(page, 2)).before).toEqual([]);
    await tamper("delete from event_log.event where @ and position < 2");
    await flawOf(read.tenant, 0);
  });

  it("takes none that was put before the page for the one that is missing there", async () => {
    await tamper("update event_log.event set position = -2, append_code = sha256('x') where @ and position = 2");
    expect((await flawOf(read.tenant, 2)).before).toEqual([]);
    await tamper("delete from event_log.event where @ and position = 0; update event_log.event set position = 0 where @ and position = -2");
    expect((await flawOf(read.tenant, 2)).position).toBe(0);
    await tamper(
      "update event_log.event set append_code = (select append_code from event_log.event where @ and position = 1) where @ and position = 0",
    );
    await flawOf(read.tenant, 2);
  });
});

describe("P6: an event that was moved to another position", () => {
  it("is refused by every read, though all of it is as it was appended", async () => {
    await tamper("update event_log.event set position = 7 where @ and position = 1");
    for (const read of [
      log.readStream(stream("a")),
      log.readTenant("acme", { from: 0, limit: 10 }),
      log.readTenant("acme", { from: 2, limit: 10 }),
      log.readAll({ from: 7, limit: 1 }),
    ])
      await expect(read).rejects.toMatchObject({ code: "corrupt", position: 7 });
  });
});

describe("P6: an append code", () => {
  it.each([
    ["none", "null"],
    ["an empty one", "''"],
    ["half of it", "substr(append_code, 1, 8)"],
    ["one with more behind it", "append_code || '\\x00'"],
    ["zeros", "decode(repeat('00', 16), 'hex')"],
    ["that of another position", "(select append_code from event_log.event where @ and position = 0)"],
    ["the beginning of the leaf hash", "substr(leaf_hash, 1, 16)"],
  ])("%s is not the event's", async (_what, code) => {
    await tamper(`update event_log.event set append_code = ${code} where @ and position = 1`);
    await expect(log.readAll({ from: 1, limit: 1 })).rejects.toMatchObject({ ...corrupt("append code"), position: 1 });
    expect(await log.readAll({ from: 0, limit: 1 })).toHaveLength(1);
  });

  it("counts at its place alone: an event that was copied to another stream, tenant, position or ledger is none of there", async () => {
    const columns = "event_id, type, schema_version, time, entry, leaf_hash, append_code";
    const copy = (place: string) =>
      tamper(
        `insert into event_log.event (ledger, position, tenant, tenant_sequence, stream_type, stream_id, stream_version, ${columns})
         select ${place}, ${columns} from event_log.event where @ and position = 1`,
      );
    await copy("ledger, 3, tenant, 4, stream_type, 'b', 2");
    await expect(log.readStream(stream("b"))).rejects.toMatchObject({ code: "corrupt" });
    await copy("ledger, 4, 'globex', 2, stream_type, stream_id, 2");
    await expect(log.readTenant("acme", { from: 3, limit: 10 })).rejects.toMatchObject({ code: "corrupt" });
    await expect(log.readStream(stream("a", "globex"), 1)).rejects.toMatchObject({ code: "corrupt" });
    await expect(log.readTenant("globex", { from: 0, limit: 10 })).rejects.toMatchObject({ code: "corrupt" });
    await tamper("update event_log.ledger_head set next_position = 5 where @");
    await expect(log.readAll({ from: 3, limit: 1 })).rejects.toMatchObject({ code: "corrupt", position: 3 });
    await expect(log.append(appendTo(stream("new"), 0))).rejects.toMatchObject({ code: "corrupt", position: 4 });
    const other = opened(TEST_APPEND_KEYS, `${ledger}-copy`);
    await copy(`'${ledger}-copy', 0, tenant, 2, stream_type, stream_id, 2`);
    await expect(other.readStream(stream("a"), 1)).rejects.toMatchObject({ code: "corrupt" });
    await expect(other.readTenant("acme", { from: 0, limit: 10 })).rejects.toMatchObject({ code: "corrupt" });
  });

  it("P7: of other keys is none: whoever has those can neither read nor append, and the ledger's own go on", async () => {
    const stranger = opened(appendKeys(randomBytes(32)));
    await expect(stranger.readStream(stream("a"))).rejects.toMatchObject(corrupt("append code"));
    await expect(stranger.append(appendTo(stream("b"), 1))).rejects.toMatchObject(corrupt("append code"));
    await appended(log, appendTo(stream("b"), 1));
  });

  it("of before a rotation counts for whoever has the earlier key, too", async () => {
    const [old, now] = [Buffer.alloc(32, "append key of tests"), randomBytes(32)];
    const rotated = opened(appendKeys(now, [old]));
    await appended(rotated, appendTo(stream("b"), 1));
    expect(await readEverything(rotated)).toHaveLength(4);
    expect(await rotated.append(appendTo(stream("a"), 0, withKey("used")))).toMatchObject({ outcome: "replayed" });
    await expect(opened(appendKeys(now)).readStream(stream("a"))).rejects.toMatchObject(corrupt("append code"));
    await expect(log.append(appendTo(stream("b"), 2))).rejects.toMatchObject(corrupt("append code"));
  });
});

describe("P1, P7: what is kept for an idempotency key", () => {
  const CALLER = "https://issuer|agent";
  const insert = (values: string) =>
    tamper(`insert into event_log.idempotency (ledger, tenant, caller, key, reply, append_code)
      select ${values} from event_log.idempotency where @ and key = 'used'`);

  it.each([
    ["a code of nobody's", `ledger, tenant, caller, 'forged', convert_to('reply to forged', 'utf8'), sha256('x')`],
    ["no code", `ledger, tenant, caller, 'forged', reply, null`],
    ["the code of another key", `ledger, tenant, caller, 'forged', reply, append_code`],
  ])("and was forged, with %s, answers no retry", async (_what, values) => {
    await insert(values);
    for (const one of [log, opened()]) {
      await expect(one.findReply("acme", CALLER, "forged")).rejects.toMatchObject(corrupt("idempotency key"));
      await expect(one.append(appendTo(stream("c"), 0, withKey("forged")))).rejects.toMatchObject(corrupt("idempotency key"));
    }
    expect(await log.findReply("acme", CALLER, "used")).toMatchObject({ ledger });
  });

  it("and is another caller's, tenant's or ledger's answers nobody else", async () => {
    await insert("ledger, tenant, 'somebody', key, reply, append_code");
    await insert("ledger, 'globex', caller, key, reply, append_code");
    await expect(log.findReply("acme", "somebody", "used")).rejects.toMatchObject(corrupt("idempotency key"));
    await expect(log.append(appendTo(stream("a", "globex"), 0, withKey("used")))).rejects.toMatchObject(corrupt("idempotency key"));
    await tamper("update event_log.idempotency set ledger = 'elsewhere' where @");
    await expect(log.findReply("acme", CALLER, "used")).rejects.toMatchObject(corrupt("idempotency key"));
  });
});
