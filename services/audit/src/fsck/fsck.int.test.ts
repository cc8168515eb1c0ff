import { create, fromBinary } from "@bufbuild/protobuf";
import type { LedgerCopy } from "@countersign/bus";
import type { Database } from "@countersign/database";
import type { PostgresEventLog } from "@countersign/event-log";
import { createTestEventLog, TEST_APPEND_KEYS } from "@countersign/event-log/testing";
import { grantKey } from "@countersign/evidence/testing";
import { CommandSchema } from "@countersign/proto/internal/v1/command_pb";
import { FsckResponseSchema } from "@countersign/proto/v1/audit_service_pb";
import { PrincipalSchema } from "@countersign/proto/v1/principal_pb";
import { createHash } from "node:crypto";
import { sql, type Kysely } from "kysely";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { fsckEverything } from "../adapters/commands/fsck-and-rebuild.ts";
import { epochHistory, ledgerStream } from "../adapters/events/epochs.ts";
import { toFact } from "../adapters/events/to-fact.ts";
import { postgresLedgerRows } from "../adapters/postgres/ledger-rows.ts";
import type { Check } from "../ledger/flaws.ts";
import { actionsProjection } from "../projections/actions/index.ts";
import { auditDatabase, foldLive, rebuildParts, type AuditDatabase } from "../testing/audit-database.ts";
import { caller } from "../testing/calls.ts";
import { event, EVENTS, person, record } from "../testing/events.ts";
import { flawsOf } from "../testing/flaws-of.ts";
import { idOf } from "../testing/listed-actions.ts";
import { getGrantKeys } from "../testing/signed-votes.ts";
import { forgeries } from "./forgeries.suite.ts";
import { fsck, type FsckParts } from "./fsck.ts";
import { LastCheck } from "./last-check.ts";

const projection = actionsProjection(toFact);
const salt = new Uint8Array(32).fill(1);
const body = Buffer.from("because");
const content = { digest: createHash("sha256").update(salt).update(body).digest(), salt, body };
const actor = { issuer: "https://idp.test", id: "exporter" };

let postgres: AuditDatabase;
let pool: Database;
let owner: Kysely<unknown>;
let log: PostgresEventLog;
let messages: Buffer[];

/** Positions 0 to 5: three streams in turn; position 3 names a content, position 0 answers a key. */
async function ledger(): Promise<void> {
  log = createTestEventLog({ url: postgres.url, ledger: "main" });
  const idempotency = {
    caller: JSON.stringify(["RequestAction", actor.issuer, actor.id]),
    key: "k",
    reply: Buffer.from(`${idOf(0)} 1`),
  };
  for (let number = 0; number < 3; number += 1)
    await record(log, { tenant: "acme", id: idOf(number), version: 0 }, [EVENTS.requested()], {
      actor,
      ...(number === 0 ? { idempotency } : {}),
    });
  const edited = event("ActionEdited", { editor: person("ann"), reason: { digest: content.digest }, input: { digest: content.digest } });
  await record(log, { tenant: "acme", id: idOf(0), version: 1 }, [edited], { contents: [content] });
  for (let number = 1; number < 3; number += 1) await record(log, { tenant: "acme", id: idOf(number), version: 1 }, [EVENTS.expired()]);
  const events = await log.readAll({ from: 0, limit: 10 });
  messages = events.map(({ entry }) => Buffer.from(entry));
  await foldLive(log, postgres.database);
}

beforeAll(async () => {
  postgres = await auditDatabase();
  ({ pool } = postgres);
  owner = postgres.owner.kysely<unknown>();
});
/** What somebody can do who owns the database: no trigger stands in the way. */
const asOwner = async (...statements: readonly string[]): Promise<void> => {
  await owner.transaction().execute(async (transaction) => {
    for (const statement of ["set local session_replication_role = replica", ...statements]) await sql.raw(statement).execute(transaction);
  });
};
beforeEach(async () => {
  for (const table of ["event", "ledger_head", "content", "idempotency"])
    await sql.raw(`alter table event_log.${table} disable trigger user`).execute(owner);
  await asOwner(
    "truncate event_log.event, event_log.ledger_head, event_log.content, event_log.idempotency, bus.checkpoint",
    "delete from audit.action",
  );
  await ledger();
});
afterEach(() => log.close());
afterAll(() => postgres.close());

function fsckParts(): FsckParts {
  const copy: LedgerCopy = {
    bounds: async () => (messages.length === 0 ? undefined : { first: 1, last: messages.length }),
    messages: async function* (first, last) {
      for (let sequence = first; sequence <= last; sequence += 1) yield { sequence, data: messages[sequence - 1] ?? Buffer.alloc(0) };
    },
  };
  return {
    ...rebuildParts(pool),
    ledger: "main",
    appendKeys: TEST_APPEND_KEYS,
    rows: postgresLedgerRows(pool, "main", TEST_APPEND_KEYS),
    pool,
    projections: [projection],
    checkSealed: () => sealsAfter(async () => {}),
    voteKeys: async () => [grantKey],
    lagMs: 0,
    copy,
  };
}

async function* sealsAfter(look: () => Promise<unknown>): Check<readonly string[]> {
  await look();
  yield { progress: { step: "seals", done: 0 } };
  return [];
}

async function check(): Promise<readonly string[]> {
  const { flaws, result } = await flawsOf(fsck(fsckParts()));
  expect(result.unchecked).toEqual([]);
  return flaws.map(({ kind, position }) => `${kind} ${position}`);
}

describe("P6: fsck over what a superuser did", () => {
  it("finds nothing wrong with what nobody touched, and a copy that lags is no flaw", async () => {
    expect(await check()).toEqual([]);
    messages = messages.slice(0, 4);
    expect(await check()).toEqual([]);
    messages = [];
    expect(await check()).toEqual([]);
  });

  it("finds a tail that was cut off together with the head: by what consumers, JetStream and bookmarks remember", async () => {
    await asOwner("delete from event_log.event where position >= 4", "update event_log.ledger_head set next_position = 4");
    expect(await check()).toEqual(expect.arrayContaining(["CONSUMER 4", "COPY 4"]));
    await asOwner("delete from event_log.event", "update event_log.ledger_head set next_position = 0");
    expect(await check()).toEqual(expect.arrayContaining(["CONSUMER 0", "COPY 0", "BOOKMARK 0"]));
  });

  it.each<[string, readonly string[], readonly string[]]>([
    ["a deleted event", ["delete from event_log.event where position = 2"], ["POSITION_GAP 2", "STREAM_VERSION 5", "LINK 5", "COPY 2"]],
    ["all of them gone", ["delete from event_log.event"], ["POSITION_GAP 0"]],
    [
      "an event put behind the end",
      [
        "insert into event_log.event select ledger, 9, tenant, 77, stream_type, 'x', 1, gen_random_uuid(), type, 1, time, entry, leaf_hash, append_code from event_log.event where position = 0",
      ],
      ["BEYOND_HEAD 9"],
    ],
    [
      "two that changed places",
      [
        "update event_log.event set position = position + 100 where position in (1, 2)",
        "update event_log.event set position = 103 - position where position in (101, 102)",
      ],
      ["COLUMN 1", "COLUMN 2", "COPY 1", "COPY 2"],
    ],
    [
      "a changed byte",
      ["update event_log.event set entry = set_byte(entry, 40, get_byte(entry, 40) # 1) where position = 3"],
      ["LEAF_HASH 3", "COPY 3"],
    ],
    ["a changed leaf hash", ["update event_log.event set leaf_hash = sha256('x') where position = 4"], ["LEAF_HASH 4"]],
    ["changed words", ["update event_log.content set body = 'another reason' where convert_from(body, 'UTF8') = 'because'"], ["CONTENT 3"]],
    ["changed salt", ["update event_log.content set salt = sha256('x') where convert_from(body, 'UTF8') = 'because'"], ["CONTENT 3"]],
    [
      "words whose beginning was made salt, so that the hash stays",
      ["update event_log.content set salt = salt || substring(body for 2), body = substring(body from 3) where salt is not null"],
      ["CONTENT 3"],
    ],
    ["a bookmark to nowhere", [`update event_log.idempotency set reply = '${idOf(0)} 9'`], ["BOOKMARK 0"]],
    [
      "a bookmark to another's action",
      [`update event_log.idempotency set caller = '["RequestAction","https://idp.test","mallory"]'`],
      ["BOOKMARK 0"],
    ],
    [
      "a bookmark that was forged, and leads to what its caller did",
      [
        "insert into event_log.idempotency (tenant, caller, key, reply, append_code, ledger) select tenant, caller, 'mint', reply, append_code, ledger from event_log.idempotency",
      ],
      ["BOOKMARK 0"],
    ],
    ["a bookmark that is none", ["update event_log.idempotency set reply = '\\xff00'"], ["BOOKMARK 0"]],
    ["a changed list", ["update audit.action set status = 'SUCCEEDED'"], ["PROJECTION 6"]],
  ])("finds %s", async (_what, statements, expected) => {
    await asOwner(...statements);
    expect(await check()).toEqual(expect.arrayContaining([...expected]));
  });

  it("words that were erased by an event are no flaw, those that just went are, and so are those that came back", async () => {
    await asOwner(`delete from event_log.content where convert_from(body, 'UTF8') = 'because'`);
    expect(await check()).toEqual(["CONTENT 3"]);
    await log.append({
      stream: { tenant: "acme", type: "action", id: idOf(0) },
      expectedVersion: 2,
      events: [event("ContentErased", { digests: [content.digest] })],
      erased: [content.digest],
      time: new Date(),
    });
    const { digest } = content;
    await projection.project(await log.readAll({ from: 6, limit: 1 }), pool.kysely(), projection.view);
    await sql`update bus.checkpoint set next_position = 7`.execute(owner);
    expect(await check()).toEqual([]);
    await sql`insert into event_log.content values ('main', 'acme', 'action', ${idOf(0)}, ${digest}, ${Buffer.from(salt)}, ${body})`.execute(
      owner,
    );
    expect(await check()).toEqual(["CONTENT 6"]);
  });

  it("says that a list that was emptied, and its checkpoint set back, was not compared with the newest events", async () => {
    await asOwner("update bus.checkpoint set next_position = 2", "delete from audit.action where action_id >= '" + idOf(2) + "'");
    const { unchecked } = (await flawsOf(fsck(fsckParts()))).result;
    expect(unchecked).toEqual(["audit.actions: it has taken in 2 of 6 events"]);
  });

  it("goes on where the ledger's own stream is what was changed, so that nobody knows of which epoch the seals are", async () => {
    const started = event("EpochStarted", { epoch: 2n });
    await log.append({ stream: ledgerStream("main"), expectedVersion: 0, events: [started], time: new Date() });
    await asOwner("update event_log.event set entry = set_byte(entry, 40, get_byte(entry, 40) # 1) where position = 6");
    const checkSealed = () => sealsAfter(() => epochHistory(log).newest());
    const { flaws, result } = await flawsOf(fsck({ ...fsckParts(), checkSealed }));
    expect(flaws.map(({ kind, position }) => `${kind} ${position}`)).toEqual(expect.arrayContaining(["LEAF_HASH 6", "CHECKPOINT 0"]));
    expect(result.compared).toHaveLength(1);
  });

  it("finds a copy that is not the log", async () => {
    messages[2] = Buffer.from("something else");
    expect(await check()).toEqual(["COPY 2"]);
  });
});

forgeries(() => ({ url: postgres.url, log, id: idOf, parts: fsckParts }));

it("whoever stops listening, wherever the check is, leaves no session of the database behind", async () => {
  await asOwner("update event_log.idempotency set reply = 'nonsense'");
  const command = create(CommandSchema, { caller: create(PrincipalSchema, caller()) });
  const leaving = new AbortController();
  const listen = async (leave: () => "break" | "go on"): Promise<void> => {
    for await (const bytes of fsckEverything(fsckParts(), new LastCheck(), { send: getGrantKeys })(command, leaving.signal)) {
      const { message } = fromBinary(FsckResponseSchema, bytes);
      if (message.case === "flaw" && message.value.kind === "BOOKMARK" && leave() === "break") return;
      if (message.case === "result") expect.unreachable("nobody left");
    }
  };
  const inUse = () => pool.pool.totalCount - pool.pool.idleCount;
  await listen(() => "break");
  expect(inUse()).toBe(0);
  const aborted = listen(() => {
    leaving.abort();
    return "go on";
  });
  await expect(aborted).rejects.toThrow("abort");
  expect(inUse()).toBe(0);
});
