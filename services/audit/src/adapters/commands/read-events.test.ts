import type { MessageInitShape } from "@bufbuild/protobuf";
import type { EventLog } from "@countersign/event-log";
import { createMemoryEventLog } from "@countersign/event-log/testing";
import { ReadEventsRequestSchema, ReadEventsResponseSchema } from "@countersign/proto/internal/v1/command_pb";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { call, caller } from "../../testing/calls.ts";
import { event, EVENTS, record } from "../../testing/events.ts";
import { plausibleMoves, recordHistory } from "../../testing/plausible-history.ts";
import { readEvents } from "./read-events.ts";

const ID = "018f0000-0000-7000-8000-000000000001";

let log: EventLog;
beforeEach(() => {
  log = createMemoryEventLog({ ledger: "main" });
});

const read = (body: MessageInitShape<typeof ReadEventsRequestSchema>, tenant = "acme") =>
  call(readEvents(log), [ReadEventsRequestSchema, ReadEventsResponseSchema], { limit: 1000, ...body }, caller({ tenant }));

/** Reads on from page to page until the head. */
async function readOn(body: MessageInitShape<typeof ReadEventsRequestSchema>): Promise<readonly number[]> {
  const positions: number[] = [];
  for (let from = 0n; ;) {
    const page = await read({ ...body, fromPosition: from });
    positions.push(...page.events.map(({ position }) => Number(position)));
    if (page.atHead) return positions;
    expect(page.nextPosition).toBeGreaterThan(from);
    from = page.nextPosition;
  }
}

const request = async (tenant: string, number: number): Promise<void> => {
  await record(log, { tenant, id: ID.replace(/\d{4}$/, String(number).padStart(4, "0")), version: 0 }, [
    EVENTS.requested(),
    EVENTS.approved(),
  ]);
};

describe("ReadEvents", () => {
  it("neither skips nor repeats, whatever the page and the filter", async () => {
    await fc.assert(
      fc.asyncProperty(
        plausibleMoves,
        fc.integer({ min: 1, max: 9 }),
        fc.subarray(["ActionRequested", "VoteCast", "ActionExpired", "NoSuchType"]),
        fc.constantFrom("", "018f0000-0000-7000-8000-000000000003"),
        async (moves, limit, types, streamId) => {
          log = createMemoryEventLog({ ledger: "main" });
          await recordHistory(log, moves);
          const expected = (await log.readTenant("acme", { from: 0, limit: 10_000 }))
            .filter(({ type, stream }) => (types.length === 0 || types.includes(type)) && (streamId === "" || stream.id === streamId))
            .map(({ position }) => position);
          expect(await readOn({ limit, selection: { types, streamId } })).toEqual(expected);
        },
      ),
      { numRuns: 40 },
    );
  });

  it("P8: never shows another tenant's events", async () => {
    await request("globex", 1);
    await request("acme", 1);
    expect((await read({})).events.map(({ position }) => position)).toEqual([2n, 3n]);
    expect((await read({ selection: { streamId: ID.replace(/\d{4}$/, "0001") } })).events.map(({ position }) => position)).toEqual([
      2n,
      3n,
    ]);
    expect((await read({}, "initech")).events).toEqual([]);
  });

  it.each(["action", "refusal", "policy", "directory", "operations", "export"])("finds a stream of type %s by its id", async (type) => {
    for (const id of ["other", "default"]) {
      const stream = { tenant: "acme", type, id };
      await log.append({ stream, expectedVersion: 0, events: [event("GrantExpired", {})], time: new Date(0) });
    }
    expect((await read({ selection: { streamId: "default" } })).events.map(({ position }) => position)).toEqual([1n]);
  });

  it("goes on from where it was at the head when more comes", async () => {
    await request("acme", 1);
    const head = await read({});
    expect(head).toMatchObject({ nextPosition: 2n, atHead: true });
    await request("acme", 2);
    expect((await read({ fromPosition: head.nextPosition })).events.map(({ position }) => position)).toEqual([2n, 3n]);
  });

  it("looks at a bounded number of events per call, and makes way without a match", async () => {
    for (let number = 0; number < 2600; number += 1) await request("acme", number);
    expect(await read({ selection: { types: ["ActionExpired"] } })).toMatchObject({ events: [], nextPosition: 5000n, atHead: false });
    expect(await read({ selection: { types: ["ActionExpired"] }, fromPosition: 5000n })).toMatchObject({
      events: [],
      nextPosition: 5200n,
      atHead: true,
    });
  });

  it("stops at the end that was asked for", async () => {
    for (let number = 0; number < 5; number += 1) await request("acme", number);
    expect(await read({ selection: { endPosition: 3n } })).toMatchObject({ nextPosition: 3n, atHead: true, events: { length: 3 } });
    expect((await read({ selection: { subjectType: "agent", subjectId: "exporter" } })).events).toHaveLength(10);
    expect((await read({ selection: { subjectType: "agent", subjectId: "else" } })).events).toHaveLength(0);
  });

  it("keeps replies below what NATS carries", async () => {
    for (let number = 0; number < 600; number += 1) await request("acme", number);
    const page = await read({});
    expect(page.atHead).toBe(false);
    expect(page.events.reduce((bytes, { entry }) => bytes + entry.byteLength, 0)).toBeLessThan(270_000);
    expect(await readOn({})).toHaveLength(1200);
  });

  it.each<[string, MessageInitShape<typeof ReadEventsRequestSchema>]>([
    ["limit", { limit: 0 }],
    ["limit", { limit: 1001 }],
    ["from_position", { fromPosition: 2n ** 53n }],
    ["stream_id", { selection: { streamId: "a\0b" } }],
    ["types", { selection: { types: Array.from({ length: 101 }, () => "x") } }],
  ])("refuses a bad %s", async (field, body) => {
    await expect(read(body)).rejects.toMatchObject({ code: "INVALID_ARGUMENT", violations: [{ field }] });
  });
});
