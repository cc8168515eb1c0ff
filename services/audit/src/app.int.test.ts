import { ListActionsRequestSchema, ListActionsResponseSchema } from "@countersign/proto/v1/action_service_pb";
import {
  GetDeadLetterRequestSchema,
  GetDeadLetterResponseSchema,
  ListDeadLettersRequestSchema,
  ListDeadLettersResponseSchema,
  DiscardDeadLetterRequestSchema,
  DiscardDeadLetterResponseSchema,
  FsckRequestSchema,
  FsckResponseSchema,
  RebuildProjectionRequestSchema,
  RebuildProjectionResponseSchema,
  ReplayDeadLettersRequestSchema,
  ReplayDeadLettersResponseSchema,
} from "@countersign/proto/v1/audit_service_pb";
import type { LedgerCopy } from "@countersign/bus";
import { sql } from "kysely";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { lookAtLedger } from "./adapters/postgres/ledger-gauges.ts";
import { caller, type CallerInit } from "./testing/calls.ts";
import { EVENTS, record } from "./testing/events.ts";
import { idOf } from "./testing/listed-actions.ts";
import { recordHistory, someMoves } from "./testing/plausible-history.ts";
import { startAuditUnderTest, type AuditUnderTest } from "./testing/running-audit.ts";

let running: AuditUnderTest;
beforeEach(async () => {
  running = await startAuditUnderTest();
});
afterEach(() => running.close());

const caughtUp = async (): Promise<void> => running.audit.reached(await running.log.nextPosition());
const list = (who?: CallerInit) => running.ask("ListActions", [ListActionsRequestSchema, ListActionsResponseSchema], {}, who);
const rebuild = async (name = "") => {
  const messages = await running.stream("RebuildProjection", [RebuildProjectionRequestSchema, RebuildProjectionResponseSchema], { name });
  return { rebuilds: messages.flatMap(({ message }) => (message.case === "rebuild" ? [message.value] : [])) };
};
const fsck = async () => {
  const messages = await running.stream("Fsck", [FsckRequestSchema, FsckResponseSchema], {});
  const last = messages.at(-1)?.message;
  if (last?.case !== "result") throw new Error("no result");
  return { ...last.value, flaws: messages.flatMap(({ message }) => (message.case === "flaw" ? [message.value] : [])) };
};
const deadLetters = (who?: CallerInit) =>
  running.ask("ListDeadLetters", [ListDeadLettersRequestSchema, ListDeadLettersResponseSchema], {}, who);
const asOwner = (statement: string): Promise<unknown> => sql.raw(statement).execute(running.owner.kysely<unknown>());
const request = (number: number, tenant = "acme") => record(running.log, { tenant, id: idOf(number), version: 0 }, [EVENTS.requested()]);
const future = { type: "ActionParked", schemaVersion: 1, data: new Uint8Array() };
/** An event of a newer build, one that follows it, and the same of another tenant. */
async function unknownEvents(): Promise<void> {
  await request(1);
  await record(running.log, { tenant: "acme", id: idOf(1), version: 1 }, [future, EVENTS.approved()]);
  await record(running.log, { tenant: "globex", id: idOf(1), version: 0 }, [future]);
  await caughtUp();
}

describe("the list of actions", () => {
  it("follows the log, over NATS", async () => {
    await request(1);
    await caughtUp();
    expect((await list()).actions.map(({ id }) => id)).toEqual([idOf(1)]);
    expect((await list(caller({ tenant: "globex" }))).actions).toEqual([]);
  });
});

describe("the relay's lag", () => {
  const lagWith = async (bounds: LedgerCopy["bounds"]) => {
    const copy = { bounds, messages: () => expect.fail("nobody reads them") };
    const shown = await lookAtLedger({ database: running.owner, ledger: "main", copy, sealing: undefined });
    return [shown["countersign.relay.lag.events"], shown["countersign.relay.lag"].map(({ value }) => value > 0)];
  };

  it("is what JetStream has not had, also when that has aged out, and not told of one that does not answer", async () => {
    await request(1);
    expect(await lagWith(async () => ({ first: 2, last: 1 }))).toEqual([[{ value: 0 }], [false]]);
    expect(await lagWith(async () => undefined)).toEqual([[{ value: 1 }], [true]]);
    expect(await lagWith(() => Promise.reject(new Error("away")))).toEqual([[], []]);
  });
});

describe("P5: rebuilding a projection", () => {
  it("gives the same bytes, the same table, and the service goes on with it", async () => {
    await recordHistory(running.log, someMoves(7, 150, 20));
    await caughtUp();
    const [before, shape] = [await list(), await tableShape()];
    for (let round = 0; round < 2; round += 1) {
      const { rebuilds } = await rebuild();
      expect(rebuilds).toMatchObject([
        { name: "audit.actions", identical: true, live: { position: BigInt(await running.log.nextPosition()) } },
      ]);
      expect(rebuilds[0]?.rebuilt).toEqual(rebuilds[0]?.live);
      expect(await list()).toEqual(before);
      expect(await tableShape()).toEqual(shape);
    }
    await request(1000);
    await caughtUp();
    expect((await list()).actions[0]?.id).toBe(idOf(1000));
    expect(await fsck()).toMatchObject({ flaws: [] });
  });

  it("loses nothing that arrives meanwhile", async () => {
    await recordHistory(running.log, someMoves(8, 50));
    const arriving = (async () => {
      for (let number = 100; number < 1100; number += 20)
        await Promise.all(Array.from({ length: 20 }, (_, index) => request(number + index)));
    })();
    for (let round = 0; round < 3; round += 1) expect(await rebuild("audit.actions")).toMatchObject({ rebuilds: [{ identical: true }] });
    await arriving;
    await caughtUp();
    expect(await fsck()).toMatchObject({ flaws: [], projections: [{ position: BigInt(await running.log.nextPosition()) }] });
  });

  it("says when the live one was wrong, and mends it", async () => {
    await recordHistory(running.log, someMoves(9, 40));
    await caughtUp();
    const before = await list();
    await asOwner("update audit.action set status = 'SUCCEEDED', state = replace(state, 'REQUESTED', 'SUCCEEDED')");
    expect((await fsck()).flaws).toMatchObject([{ kind: "PROJECTION" }]);
    expect(await rebuild()).toMatchObject({ rebuilds: [{ identical: false }] });
    expect(await list()).toEqual(before);
    expect(await fsck()).toMatchObject({ flaws: [] });
  });

  it("happens once at a time", async () => {
    const held = await running.owner.pool.connect();
    await held.query("select pg_advisory_lock(hashtextextended('audit: one rebuild at a time', 0))");
    await expect(rebuild()).rejects.toMatchObject({ code: "ABORTED", reason: "LOST_RACE" });
    await held.query("select pg_advisory_unlock_all()");
    held.release();
    expect(await rebuild()).toMatchObject({ rebuilds: [{ identical: true }] });
  });

  it("knows its projections", async () => {
    await expect(rebuild("audit.nothing")).rejects.toMatchObject({ code: "INVALID_ARGUMENT", violations: [{ field: "name" }] });
  });
});

describe("events of a newer build", () => {
  it("P7: become dead letters and do not make a rebuild differ", async () => {
    await unknownEvents();
    const { deadLetters: letters } = await deadLetters();
    expect(letters).toMatchObject([
      { consumer: "audit.actions", position: 1n, streamId: idOf(1), eventType: "ActionParked", error: "UnknownEventError", attempts: 1 },
      { consumer: "audit.actions", position: 2n, eventType: "ActionApproved", attempts: 0 },
    ]);
    expect(await rebuild()).toMatchObject({ rebuilds: [{ identical: true }] });
    expect(await fsck()).toMatchObject({ flaws: [] });
  });

  it("P8: are shown and handed out to their own tenant only", async () => {
    await unknownEvents();
    expect((await deadLetters(caller({ tenant: "globex" }))).deadLetters.map(({ position }) => position)).toEqual([3n]);
    expect((await deadLetters(caller({ tenant: "initech" }))).deadLetters).toEqual([]);
    expect(await replay({ position: 3n })).toMatchObject({ replayed: 0n });
    expect(await replay({})).toMatchObject({ replayed: 2n });
    // The build still does not know the event, so it comes back, tried again.
    await expect.poll(async () => (await deadLetters()).deadLetters.map(({ attempts }) => attempts)).toEqual([2, 0]);
  });

  it("can be looked at, replayed and given up, and the log says who did it and why", async () => {
    await unknownEvents();
    const get = (position: bigint, who?: CallerInit) =>
      running.ask("GetDeadLetter", [GetDeadLetterRequestSchema, GetDeadLetterResponseSchema], { consumer: "audit.actions", position }, who);
    const discard = (position: bigint, reason: string, who?: CallerInit) =>
      running.ask(
        "DiscardDeadLetter",
        [DiscardDeadLetterRequestSchema, DiscardDeadLetterResponseSchema],
        { consumer: "audit.actions", position, reason },
        who,
      );
    expect(await get(1n)).toMatchObject({
      deadLetter: { state: "parked" },
      event: { position: 1n, type: "ActionParked" },
      discardReason: "",
    });
    await expect(get(3n)).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(discard(3n, "not mine")).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(discard(1n, " ")).rejects.toMatchObject({ violations: [{ field: "reason" }] });
    const { eventPosition } = await replay({ position: 1n });
    const discarded = await discard(1n, "a \u202e mistake");
    const [first, second] = await running.log.readStream({ tenant: "acme", type: "operations", id: "audit.actions" });
    expect(first).toMatchObject({ position: Number(eventPosition), type: "DeadLettersReplayed", actor: { id: "ann" } });
    expect(second).toMatchObject({ position: Number(discarded.eventPosition), type: "DeadLetterDiscarded", actor: { id: "ann" } });
    expect(Buffer.from(second?.entry ?? []).includes("mistake")).toBe(false);
    const after = await get(1n);
    expect(after.deadLetter?.state).toBe("discarded");
    expect(after.discardReason).toMatch(/^a .*mistake$/);
    expect(after.discardReason).not.toContain("\u202e");
    await expect(discard(1n, "again")).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  it("stop a rebuild that would lose what a newer build took in", async () => {
    await unknownEvents();
    const before = await list();
    await asOwner("delete from bus.dead_letter");
    await expect(rebuild()).rejects.toMatchObject({ code: "FAILED_PRECONDITION", reason: "WRONG_STATE" });
    expect(await list()).toEqual(before);
  });

  it("refuses bad names, positions and page tokens", async () => {
    await unknownEvents();
    const description: unknown = expect.stringMatching(/^must be one of audit\.actions(, |$)/);
    for (const consumer of ["audit.action", "a b", "%", ""])
      await expect(replay({ consumer })).rejects.toMatchObject({ violations: [{ field: "consumer", description }] });
    await expect(replay({ position: 2n ** 60n })).rejects.toMatchObject({ violations: [{ field: "position" }] });
    await expect(running.ask("ListDeadLetters", DEAD_LETTERS, { pageToken: "garbage" })).rejects.toMatchObject({
      violations: [{ field: "page_token" }],
    });
  });
});

describe("P6: verifying a tampered ledger", () => {
  it("reports every flaw and that the projections cannot be compared", async () => {
    await recordHistory(running.log, someMoves(10, 30));
    await caughtUp();
    const sound = await fsck();
    expect(sound).toMatchObject({ events: BigInt(await running.log.nextPosition()), flaws: [], projections: [{ name: "audit.actions" }] });
    expect(sound.rootHash).toHaveLength(32);
    await asOwner(
      "alter table event_log.event disable trigger append_only; update event_log.event set leaf_hash = sha256('x') where position = 3",
    );
    const tampered = await fsck();
    expect(tampered.flaws).toMatchObject([{ kind: "LEAF_HASH", position: 3n }, { kind: "PROJECTION" }]);
    expect(tampered.rootHash).toEqual(sound.rootHash);
  });
});

const DEAD_LETTERS = [ListDeadLettersRequestSchema, ListDeadLettersResponseSchema] as const;
const replay = (body: { readonly consumer?: string; readonly position?: bigint }) =>
  running.ask("ReplayDeadLetters", [ReplayDeadLettersRequestSchema, ReplayDeadLettersResponseSchema], {
    consumer: "audit.actions",
    ...body,
  });

/** Columns and indexes of the table, and what its tables are called. */
async function tableShape(): Promise<unknown> {
  const { rows } = await sql<{ name: string; definition: string }>`
    select indexname as name, indexdef as definition from pg_indexes where schemaname = 'audit' and tablename not like 'migration%'
    union all select column_name, data_type || coalesce(collation_name, '') || ordinal_position || is_nullable from information_schema.columns
      where table_schema = 'audit' and table_name = 'action'
    union all select tablename, tableowner from pg_tables where schemaname = 'audit'
    union all select viewname, viewowner from pg_views where schemaname = 'audit'
    union all select 'options', reloptions::text from pg_class where relname like 'action!_v_' escape '!' order by 1, 2`.execute(
    running.owner.kysely<unknown>(),
  );
  return rows.map(({ name, definition }) => [name, definition].map((text) => text?.replaceAll(/action_v\d+/g, "action_v")));
}
