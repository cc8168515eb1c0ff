import { EventLogError } from "@countersign/event-log";
import { createMemoryEventLog } from "@countersign/event-log/testing";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { firstKept } from "./first-kept.ts";
import { appendTo } from "./test-events.ts";

const DAY = 86_400_000;
const START = Date.UTC(2020, 0, 1);
const KEEPS = { maxAgeMs: 7 * DAY, now: START + 1000 * DAY };

/** A log with one event on each of these days. */
async function logOf(days: readonly number[]) {
  const log = createMemoryEventLog({ ledger: "main" });
  for (const [index, day] of days.entries()) await appendTo(log, { id: `a${index}` }, ["A"], { time: new Date(START + day * DAY) });
  return log;
}
const firstOf = async (days: readonly number[], keeps = KEEPS) => firstKept(await logOf(days), keeps);
const daily = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);

describe("the first event that a stream would still keep", () => {
  it("is the first one of all while none is too old", async () => {
    expect(await firstOf([])).toBe(0);
    expect(await firstOf([3])).toBe(0);
    expect(await firstOf([0, 1, 8])).toBe(0);
  });

  it("is as old as the stream keeps, and a day: clocks differ", async () => {
    // Day 100 less 8 is day 92; up to 15 events before it are taken along, as they are looked at together.
    const first = await firstOf(daily(0, 101));
    expect(first).toBeGreaterThan(92 - 16);
    expect(first).toBeLessThanOrEqual(92);
  });

  it("goes by the newest event, however long ago that was", async () => {
    expect(await firstOf([...Array.from({ length: 40 }, () => 0), 100, 101])).toBeGreaterThan(40 - 16);
    expect(await firstOf([...Array.from({ length: 40 }, () => 0), 100, 101])).toBeLessThanOrEqual(40);
  });

  it("does not believe a newest event of the future", async () => {
    expect(await firstOf([...daily(0, 10), 900], { ...KEEPS, now: START + 10 * DAY })).toBe(0);
  });

  it.each([
    ["that is young", 95, 92],
    ["in the middle", 50, 50],
    ["that is the newest", 100, 0],
  ])("is found in a log with an event %s that cannot be read: what stands before it is relayed", async (_where, corrupt, latest) => {
    const log = await logOf(daily(0, 101));
    const reader: Parameters<typeof firstKept>[0] = {
      nextPosition: () => log.nextPosition(),
      readAll: async ({ from, limit }) => {
        if (from <= corrupt && corrupt < from + limit) throw new EventLogError("corrupt", "not what was written", { position: corrupt });
        return log.readAll({ from, limit });
      },
    };
    expect(await firstKept(reader, KEEPS)).toBeLessThanOrEqual(latest);
  });

  it("is told by nobody while the log does not answer", async () => {
    const log = await logOf(daily(0, 3));
    const away = new EventLogError("unavailable", "no database");
    await expect(firstKept({ nextPosition: () => log.nextPosition(), readAll: () => Promise.reject(away) }, KEEPS)).rejects.toBe(away);
  });

  it("is never after one that is young enough, when clocks differ by less than a day and some tell nonsense", async () => {
    const day = fc.nat({ max: 99 });
    await fc.assert(
      fc.asyncProperty(fc.array(day, { maxLength: 120 }), fc.array(fc.nat({ max: 119 }), { maxLength: 3 }), async (unsorted, odd) => {
        const real = unsorted.toSorted((a, b) => a - b);
        const told = real.map((each, index) => (odd.includes(index) && index < real.length - 1 ? 0 : each - (index % 10) / 11));
        const young = real.findIndex((each) => each >= (real.at(-1) ?? 0) - 7);
        expect(await firstOf(told)).toBeLessThanOrEqual(Math.max(young, 0));
      }),
      { numRuns: 60 },
    );
  });
});
