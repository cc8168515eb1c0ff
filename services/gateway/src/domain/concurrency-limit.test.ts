import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ConcurrencyLimit } from "./concurrency-limit.ts";

const SETTINGS = { min: 32, max: 1024, targetMs: 150 };
const PHASE_MS = 15_000;

type Capacity = { readonly perSecond: number; readonly leastMs: number };

/** Calls that never cease, at something that does `perSecond` of them and takes `leastMs` for one: by Little's law each takes places / throughput. */
function runPhase(limit: ConcurrencyLimit, from: number, { perSecond, leastMs }: Capacity): number {
  let tookMs = leastMs;
  for (let now = from; now < from + PHASE_MS;) {
    tookMs = Math.max(leastMs, (limit.places * 1000) / perSecond);
    now += tookMs / limit.places;
    limit.record(tookMs, true, now);
  }
  return tookMs;
}

describe("concurrency limit", () => {
  it("settles where half of the calls take what they may, whatever the capacity is, and adapts when that changes", () => {
    const capacity = fc.record({ perSecond: fc.integer({ min: 250, max: 2000 }), leastMs: fc.integer({ min: 1, max: 50 }) });
    fc.assert(
      fc.property(fc.array(capacity, { minLength: 1, maxLength: 3 }), (phases) => {
        const limit = new ConcurrencyLimit(SETTINGS);
        for (const [index, phase] of phases.entries()) {
          const tookMs = runPhase(limit, index * PHASE_MS, phase);
          const ideal = Math.min(SETTINGS.max, Math.max(SETTINGS.min, (phase.perSecond * SETTINGS.targetMs) / 1000));
          expect(limit.places).toBeGreaterThanOrEqual(Math.floor(ideal * 0.75));
          expect(limit.places).toBeLessThanOrEqual(Math.ceil(ideal * 1.1) + 4);
          if (limit.places > SETTINGS.min) expect(tookMs).toBeLessThan(SETTINGS.targetMs * 1.3);
        }
      }),
      { numRuns: 10 },
    );
  });

  it("stays between its bounds", () => {
    const sample = fc.tuple(fc.integer({ min: 0, max: 10_000 }), fc.boolean());
    fc.assert(
      fc.property(fc.array(sample, { maxLength: 500 }), (samples) => {
        const limit = new ConcurrencyLimit(SETTINGS);
        for (const [index, [tookMs, full]] of samples.entries()) {
          limit.record(tookMs, full, index * 20);
          expect(limit.places).toBeGreaterThanOrEqual(SETTINGS.min);
          expect(limit.places).toBeLessThanOrEqual(SETTINGS.max);
        }
      }),
    );
  });

  it("does not grow while there is room: fast answers to few calls say nothing about many", () => {
    const limit = new ConcurrencyLimit(SETTINGS);
    for (let index = 0; index < 1000; index += 1) limit.record(1, false, index * 5);
    expect(limit.places).toBe(64);
  });

  it("does not shrink for a few slow ones", () => {
    const limit = new ConcurrencyLimit(SETTINGS);
    for (let index = 0; index < 1000; index += 1) limit.record(index % 3 === 0 ? 5000 : 10, false, index * 5);
    expect(limit.places).toBe(64);
  });

  it("takes one step down for a pause, however many calls came back after it", () => {
    const limit = new ConcurrencyLimit(SETTINGS);
    for (let index = 0; index < 1000; index += 1) limit.record(5000 + index, false, 10_000 + index);
    expect(limit.places).toBe(57);
  });

  it("never has more than it may, however few that is", () => {
    expect(new ConcurrencyLimit({ min: 4, max: 4, targetMs: 150 }).places).toBe(4);
  });
});
