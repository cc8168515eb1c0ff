import type { MessageInitShape } from "@bufbuild/protobuf";
import type { PostgresEventLog } from "@countersign/event-log";
import { createTestEventLog } from "@countersign/event-log/testing";
import { ReadEventsRequestSchema, ReadEventsResponseSchema } from "@countersign/proto/internal/v1/command_pb";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { auditDatabase, type AuditDatabase } from "../../testing/audit-database.ts";
import { call, caller } from "../../testing/calls.ts";
import { EVENTS, record } from "../../testing/events.ts";
import { readEvents } from "./read-events.ts";

const ids = [0, 1, 2].map((number) => `018f0000-0000-7000-8000-00000000000${number}`);
let postgres: AuditDatabase;
let log: PostgresEventLog;
let ledgers = 0;

beforeAll(async () => {
  postgres = await auditDatabase();
  await postgres.owner.pool.query("alter table event_log.event disable trigger all");
});
/** Three actions in turn: two events of each, with one of another tenant at 0 and at 4. */
beforeEach(async () => {
  ledgers += 1;
  log = createTestEventLog({ url: postgres.url, ledger: `ledger-${ledgers}` });
  for (const version of [0, 1]) {
    await record(log, { tenant: "globex", id: ids[0]!, version }, [version === 0 ? EVENTS.requested() : EVENTS.approved()]);
    for (const id of ids) await record(log, { tenant: "acme", id, version }, [version === 0 ? EVENTS.requested() : EVENTS.approved()]);
  }
});
afterEach(() => log.close());
afterAll(() => postgres.close());

const tamper = (statement: string) => postgres.owner.pool.query(statement.replaceAll("@", `ledger = '${log.ledger}'`));

/** What a reader is sent who goes on until the head or an error, and the error. */
async function readOn(body: MessageInitShape<typeof ReadEventsRequestSchema>, tenant = "acme"): Promise<readonly unknown[]> {
  const positions: unknown[] = [];
  for (let fromPosition = BigInt(body.fromPosition ?? 0); ;) {
    const asked = { limit: 100, ...body, fromPosition };
    const page = await call(readEvents(log), [ReadEventsRequestSchema, ReadEventsResponseSchema], asked, caller({ tenant })).catch(
      ({ code, reason, metadata }: { code: string; reason: string; metadata: { position: string } }) =>
        `${code} ${reason} ${metadata.position}`,
    );
    if (typeof page === "string") return [...positions, page];
    positions.push(...page.events.map(({ position }) => Number(position)));
    if (page.atHead) return positions;
    expect(page.nextPosition).toBeGreaterThan(fromPosition);
    fromPosition = page.nextPosition;
  }
}

describe("P6, P7: where the log is corrupt, ReadEvents", () => {
  const flaw = (position: number) => `DATA_LOSS LOG_CORRUPT ${position}`;

  it.each([
    ["forged", "update event_log.event set append_code = decode(repeat('00', 16), 'hex')"],
    ["altered", "update event_log.event set leaf_hash = sha256(leaf_hash)"],
    ["missing", "delete from event_log.event"],
  ])("sends what stands before an event that is %s, then says where it is; everybody else reads theirs", async (what, change) => {
    await tamper(`${change} where @ and position = 6`);
    for (const limit of [1, 2, 3, 100]) expect(await readOn({ limit })).toEqual([1, 2, 3, 5, flaw(6)]);
    expect(await readOn({ fromPosition: 6n })).toEqual([flaw(6)]);
    expect(await readOn({ selection: { endPosition: 6n } })).toEqual([1, 2, 3, 5]);
    expect(await readOn({ selection: { types: ["ActionApproved"] } })).toEqual([5, flaw(6)]);
    expect(await readOn({ selection: { subjectType: "agent", subjectId: "exporter" } })).toEqual([1, 2, 3, 5, flaw(6)]);
    expect(await readOn({}, "globex")).toEqual([0, 4]);
    // Of a stream nothing tells that its last event is gone; the tenant's and the ledger's order do.
    expect(await readOn({ selection: { streamId: ids[1]! } })).toEqual(what === "missing" ? [2] : [2, flaw(6)]);
    expect(await readOn({ selection: { streamId: ids[2]! } })).toEqual([3, 7]);
    if (what !== "missing") expect(await readOn({ fromPosition: 7n })).toEqual([7]);
  });

  it("says it of the first event of all, too, and of a stream whose first is missing", async () => {
    await tamper("delete from event_log.event where @ and position = 1");
    expect(await readOn({})).toEqual([flaw(0)]);
    expect(await readOn({ selection: { streamId: ids[0]! } })).toEqual([flaw(0)]);
  });
});
