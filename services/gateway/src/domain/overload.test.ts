import { describe, expect, it } from "vitest";
import { type Fate, type Scenario, simulate, type Trouble } from "../testing/overload-model.ts";

/** As the gateway has them unless told otherwise. */
const SETTINGS = {
  limit: { min: 32, max: 1024, targetMs: 150 },
  line: { maxWaiting: 1024, patienceMs: 5000, standsMs: 500, hurryMs: 300 },
  service: { perSecond: 1400, commitMs: 8 },
};
const FOR_MS = 12_000;
const PAUSE_AT = 4000;

const run = (scenario: Pick<Scenario, "callers"> & Partial<Scenario>) =>
  simulate({ ...SETTINGS, troubles: [], forMs: FOR_MS, ...scenario });
const of = (fates: ReadonlyMap<string, Fate>, tenant: string): Fate => fates.get(tenant) ?? { done: 0, refused: 0, tookMs: [] };
const percentile = (values: readonly number[], fraction: number): number =>
  values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * fraction)] ?? Number.NaN;

/** Actions a second that 64 callers get done who each wait for their last one: what the bench calls capacity. */
const CAPACITY = of(run({ callers: [{ tenant: "all", callers: 64 }] }), "all").done / (FOR_MS / 1000);
/** How much of that is possible with a pause in it. */
const possible = (pausedMs: number): number => (CAPACITY * (FOR_MS - pausedMs)) / 1000;

/** Three times what can be done, and a quiet tenant's twentieth beside it. */
function crowd(troubles: readonly Trouble[], onSample?: Scenario["onSample"]): { readonly noisy: Fate; readonly quiet: Fate } {
  const callers = [
    { tenant: "noisy", perSecond: 3 * CAPACITY },
    { tenant: "quiet", perSecond: CAPACITY / 20 },
  ];
  const fates = run({ callers, troubles, ...(onSample && { onSample }) });
  return { noisy: of(fates, "noisy"), quiet: of(fates, "quiet") };
}

describe("three times what can be done", () => {
  it("gets capacity done, each action within a second", () => {
    const { noisy, quiet } = crowd([]);
    expect(noisy.done + quiet.done).toBeGreaterThan(0.9 * possible(0));
    expect(noisy.refused).toBeGreaterThan(possible(0));
    expect(percentile(noisy.tookMs, 0.99)).toBeLessThan(1000);
    expect(quiet.refused).toBe(0);
    // Nobody is before it but those who are worked on.
    expect(Math.max(...quiet.tookMs)).toBeLessThan(500);
  });

  for (const what of ["process", "service"] as const) {
    it.each([200, 500, 1000, 2000])(
      `gets it done around a pause of the ${what} of %i ms, and nothing of a quiet tenant is refused`,
      (pauseMs) => {
        const places: number[] = [];
        const { noisy, quiet } = crowd([{ fromMs: PAUSE_AT, toMs: PAUSE_AT + pauseMs, what }], (now, count) => {
          if (now < PAUSE_AT || now > PAUSE_AT + pauseMs) places.push(count);
        });
        expect(noisy.done + quiet.done).toBeGreaterThan(0.9 * possible(pauseMs));
        expect(quiet.refused).toBe(0);
        expect(Math.max(...noisy.tookMs, ...quiet.tookMs)).toBeLessThan(1000 + pauseMs);
        // It never goes far down, so it need not come back.
        const before = places[PAUSE_AT / 100 - 1] ?? 0;
        expect(Math.min(...places.slice(PAUSE_AT / 100))).toBeGreaterThan(0.8 * before);
      },
    );

    it(`gets it done although the ${what} stops for 300 ms in each second`, () => {
      const troubles = Array.from({ length: 11 }, (_, index) => ({ fromMs: 1000 * (index + 1), toMs: 1000 * (index + 1) + 300, what }));
      const { noisy, quiet } = crowd(troubles);
      expect(noisy.done + quiet.done).toBeGreaterThan(0.8 * possible(3300));
      expect(quiet.refused).toBe(0);
    });
  }

  it("gets done what can be while the service is four times slower, and is back within three seconds", () => {
    const places: number[] = [];
    const slow = { fromMs: PAUSE_AT, toMs: 2 * PAUSE_AT, what: 4 };
    const { noisy, quiet } = crowd([slow], (_now, count) => places.push(count));
    expect(noisy.done + quiet.done).toBeGreaterThan(0.9 * possible((PAUSE_AT * 3) / 4));
    expect(quiet.refused).toBe(0);
    const before = places[PAUSE_AT / 100 - 1] ?? 0;
    expect(places[(2 * PAUSE_AT + 3000) / 100] ?? 0).toBeGreaterThan(0.9 * before);
  });
});

it("callers who wait for each answer are not refused, whatever stops for two seconds", () => {
  for (const what of ["process", "service"] as const) {
    const { done, refused } = of(
      run({ callers: [{ tenant: "all", callers: 64 }], troubles: [{ fromMs: PAUSE_AT, toMs: PAUSE_AT + 2000, what }] }),
      "all",
    );
    expect(refused).toBe(0);
    expect(done).toBeGreaterThan(0.9 * possible(2000));
  }
});

it("a tenant that is alone has all there is, and two that shout as loud have half each", () => {
  const fates = run({
    callers: [
      { tenant: "a", perSecond: 2 * CAPACITY },
      { tenant: "b", perSecond: 4 * CAPACITY },
    ],
  });
  const [a, b] = [of(fates, "a").done, of(fates, "b").done];
  expect(a + b).toBeGreaterThan(0.9 * possible(0));
  expect(Math.abs(a - b)).toBeLessThan(0.1 * a);
});
