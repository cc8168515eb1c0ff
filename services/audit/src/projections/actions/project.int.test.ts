import type { EventReader, RecordedEvent } from "@countersign/event-log";
import { createMemoryEventLog } from "@countersign/event-log/testing";
import { VerdictOutcome } from "@countersign/proto/v1/action_pb";
import fc from "fast-check";
import { sql, type Kysely } from "kysely";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { toFact } from "../../adapters/events/to-fact.ts";
import { digestTable } from "../../rebuild/table-digest.ts";
import { auditDatabase, type AuditDatabase } from "../../testing/audit-database.ts";
import { EVENTS, record } from "../../testing/events.ts";
import { plausibleMoves, recordHistory } from "../../testing/plausible-history.ts";
import { actionsProjection } from "./index.ts";
import { queryActions } from "./query.ts";

const projection = actionsProjection(toFact);
const ID = "018f0000-0000-7000-8000-000000000001";

let postgres: AuditDatabase;
let database: Kysely<unknown>;
beforeAll(async () => {
  postgres = await auditDatabase();
  ({ database } = postgres);
});
beforeEach(async () => {
  await sql`truncate audit.action_v1`.execute(database);
});
afterAll(() => postgres.close());

const all = (log: EventReader): Promise<readonly RecordedEvent[]> => log.readAll({ from: 0, limit: 10_000 });
const project = (events: readonly RecordedEvent[]) => projection.project(events, database, "action");
const digest = async (): Promise<string> => Buffer.from((await digestTable(database, projection, "action")).digest).toString("hex");

/** Folds in batches of the sizes given, in turn, from an empty table. */
async function foldedIn(events: readonly RecordedEvent[], sizes: readonly number[]): Promise<string> {
  await sql`truncate audit.action_v1`.execute(database);
  for (let at = 0, turn = 0; at < events.length; turn += 1) {
    const size = sizes[turn % sizes.length] ?? 1;
    expect(await project(events.slice(at, at + size))).toEqual([]);
    at += size;
  }
  return digest();
}

describe("P5: the list of actions is a function of the log", () => {
  it("has the same bytes whatever the batches", async () => {
    await fc.assert(
      fc.asyncProperty(plausibleMoves, fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 }), async (moves, sizes) => {
        const log = createMemoryEventLog({ ledger: "main" });
        await recordHistory(log, moves);
        const events = await all(log);
        expect(await foldedIn(events, sizes)).toBe(await foldedIn(events, [10_000]));
      }),
      { numRuns: 30 },
    );
  });

  it("takes in nothing twice", async () => {
    const log = createMemoryEventLog({ ledger: "main" });
    await recordHistory(log, fc.sample(plausibleMoves, { numRuns: 1, seed: 42 })[0] ?? []);
    const events = await all(log);
    const once = await foldedIn(events, [7]);
    for (const replayed of [events, events.slice(3), ...events.map((event) => [event])]) await project(replayed);
    expect(await digest()).toBe(once);
  });
});

describe("events that cannot be folded", () => {
  const future = { type: "ActionParked", schemaVersion: 1, data: new Uint8Array() };

  it("P7: an unknown event is refused with all that follows it in its stream, and nobody else waits", async () => {
    const log = createMemoryEventLog({ ledger: "main" });
    await record(log, { tenant: "acme", id: ID, version: 0 }, [EVENTS.requested(), future, EVENTS.approved()]);
    await record(log, { tenant: "globex", id: ID, version: 0 }, [EVENTS.requested(), EVENTS.verdict(VerdictOutcome.DENY)]);
    const refused = await project(await all(log));
    expect(refused.map(({ event, error }) => [event.position, error.name])).toEqual([
      [1, "UnknownEventError"],
      [2, "UnknownEventError"],
    ]);
    const listed = (tenant: string) =>
      queryActions(database, { tenant, requester: undefined, statuses: [], actionName: "", before: undefined, limit: 2 });
    expect(await listed("acme")).toMatchObject([{ id: ID, state: { version: 1, status: "REQUESTED" } }]);
    expect(await listed("globex")).toMatchObject([{ id: ID, state: { version: 2, status: "DENIED" } }]);
  });

  it("refuses an event of a known type in an unknown version, and a policy event on an action's stream", async () => {
    const log = createMemoryEventLog({ ledger: "main" });
    await record(log, { tenant: "acme", id: ID, version: 0 }, [{ ...EVENTS.requested(), schemaVersion: 2 }]);
    await record(log, { tenant: "globex", id: ID, version: 0 }, [{ type: "PolicyActivated", schemaVersion: 1, data: new Uint8Array() }]);
    expect((await project(await all(log))).map(({ error }) => error.name)).toEqual(["UnknownEventError", "UnknownEventError"]);
  });

  it("refuses to go on over a gap", async () => {
    const log = createMemoryEventLog({ ledger: "main" });
    const [first, , third] = await record(log, { tenant: "acme", id: ID, version: 0 }, [
      EVENTS.requested(),
      EVENTS.verdict(VerdictOutcome.ALLOW),
      EVENTS.approved(),
    ]);
    if (first === undefined || third === undefined) throw new Error("not recorded");
    expect((await project([first, third])).map(({ error }) => error.message)).toEqual(["expected version 2 of the stream, got 3"]);
  });

  it("leaves streams of other kinds alone", async () => {
    const log = createMemoryEventLog({ ledger: "main" });
    await log.append({
      stream: { tenant: "acme", type: "policy", id: "default" },
      expectedVersion: 0,
      events: [future],
      time: new Date(0),
    });
    expect(await project(await all(log))).toEqual([]);
    expect((await digestTable(database, projection, "action")).rows).toBe(0);
  });
});
