import type { EventReader, RecordedEvent } from "@countersign/event-log";
import fc from "fast-check";
import { expect, test } from "vitest";
import { EventSource, LogGapError } from "./event-source.ts";
import { LiveBuffer } from "./live-buffer.ts";

const event = (position: number): RecordedEvent => ({
  ledger: "main",
  position,
  stream: { tenant: "acme", type: "action", id: "a" },
  streamVersion: 1,
  tenantSequence: 1,
  eventId: new Uint8Array(16),
  type: "A",
  schemaVersion: 1,
  time: new Date(0),
  actor: undefined,
  traceparent: "",
  data: new Uint8Array(),
  entry: new Uint8Array(),
  leafHash: new Uint8Array(),
});
const positions = (events: readonly RecordedEvent[]) => events.map(({ position }) => position);
const logOf = (size: () => number): Pick<EventReader, "readAll"> => ({
  readAll: async ({ from, limit }) =>
    Array.from({ length: Math.max(0, Math.min(limit, size() - from)) }, (_, index) => event(from + index)),
});

test("keeps a contiguous run and forgets what is before a gap", () => {
  const buffer = new LiveBuffer();
  for (const position of [3, 4, 4, 5, 8, 9, 2]) buffer.offer(event(position));
  expect(buffer.head).toBe(10);
  expect(buffer.take(3, 10)).toEqual([]);
  expect(buffer.startAfter(3)).toBe(8);
  expect(positions(buffer.take(8, 1))).toEqual([8]);
  expect(positions(buffer.take(9, 10))).toEqual([9]);
});

test("does not grow for ever", () => {
  const buffer = new LiveBuffer(10);
  for (let position = 0; position < 25; position += 1) buffer.offer(event(position));
  expect(buffer.head).toBe(25);
  expect(positions(buffer.take(20, 100))).toEqual([20, 21, 22, 23, 24]);
});

test("a reader that is ahead drops what it has", () => {
  const buffer = new LiveBuffer();
  for (const position of [1, 2, 3, 4]) buffer.offer(event(position));
  expect(positions(buffer.take(3, 10))).toEqual([3, 4]);
});

test("P5: whatever a feed drops, repeats or reorders, the source gives every position once, in order", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.nat(40), { maxLength: 60 }),
      fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1 }),
      async (feed, limits) => {
        let committed = 0;
        const source = new EventSource(
          logOf(() => committed),
          new LiveBuffer(5),
        );
        const handled: number[] = [];
        const drain = async (limit: number) => {
          if (source.available(handled.length) === 0 && source.hasMore(handled.length)) await source.read(handled.length);
          handled.push(...positions(source.take(handled.length, limit)));
        };
        for (const [index, position] of feed.entries()) {
          committed = Math.max(committed, position + 1);
          source.offer(event(position));
          await drain(limits[index % limits.length] ?? 1);
        }
        while (handled.length < committed) await drain(3);
        expect(handled).toEqual(Array.from({ length: committed }, (_, position) => position));
      },
    ),
  );
});

test("reads on without being told while reads come back full", async () => {
  const source = new EventSource(logOf(() => 1300));
  const handled: number[] = [];
  await source.read(0);
  while (source.hasMore(handled.length)) {
    if (source.available(handled.length) === 0) await source.read(handled.length);
    handled.push(...positions(source.take(handled.length, 100)));
  }
  expect(handled).toHaveLength(1300);
});

test("a log with a hole is refused, not passed over", async () => {
  const source = new EventSource({ readAll: async () => [event(0), event(2)] });
  await expect(source.read(0)).rejects.toThrow(LogGapError);
});
