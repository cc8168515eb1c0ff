import { expect, test } from "vitest";
import { FAULT_KINDS, planFaults } from "./plan.ts";

const run = { seed: 7, durationMs: 120_000, kinds: FAULT_KINDS, instances: 12 };

test("the faults of a run are a function of its seed", () => {
  expect(planFaults(run)).toEqual(planFaults(run));
  expect(planFaults({ ...run, seed: 8 })).not.toEqual(planFaults(run));
});

test("a longer run begins like a shorter one", () => {
  const short = planFaults(run);
  expect(planFaults({ ...run, durationMs: 3_600_000 }).slice(0, short.length)).toEqual(short);
});

test("ten minutes bring every kind, in order, each with an instance that there is", () => {
  const faults = planFaults({ ...run, durationMs: 600_000 });
  expect(new Set(faults.map(({ kind }) => kind))).toEqual(new Set(FAULT_KINDS));
  expect(faults.map(({ atMs }) => atMs)).toEqual(faults.map(({ atMs }) => atMs).toSorted((a, b) => a - b));
  expect(faults.every(({ instance, atMs, forMs }) => instance >= 0 && instance < 12 && atMs < 600_000 && forMs >= 0)).toBe(true);
});

test("only what is asked for comes, and one at a time among what everybody stands on", () => {
  const faults = planFaults({ ...run, kinds: ["postgres-kill", "nats-wipe"] });
  expect(new Set(faults.map(({ kind }) => kind))).toEqual(new Set(["postgres-kill", "nats-wipe"]));
  expect(faults.every(({ atMs }, index) => index === 0 || atMs >= (faults[index - 1]?.atMs ?? 0) + (faults[index - 1]?.forMs ?? 0))).toBe(
    true,
  );
  expect(planFaults({ ...run, kinds: [] })).toEqual([]);
});
