import fc from "fast-check";
import { expect, it } from "vitest";
import { Durations } from "./latency.ts";

it("quantiles are at most 2 % (and a millisecond) above the true ones, never below, and the maximum is exact", () => {
  fc.assert(
    fc.property(fc.array(fc.nat(10_000_000), { minLength: 1, maxLength: 200 }), (values) => {
      const durations = new Durations();
      for (const value of values) durations.add(value);
      const sorted = values.toSorted((a, b) => a - b);
      const { count, p50, p95, max } = durations.summary();
      expect([count, max]).toEqual([values.length, sorted.at(-1)]);
      for (const [share, quantile] of [
        [0.5, p50],
        [0.95, p95],
      ] as const) {
        const exact = sorted[Math.ceil(share * sorted.length) - 1] ?? 0;
        expect(quantile).toBeGreaterThanOrEqual(exact);
        expect(quantile).toBeLessThanOrEqual(exact * 1.021 + 1);
      }
    }),
  );
});
