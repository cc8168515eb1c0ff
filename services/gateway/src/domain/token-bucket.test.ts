import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TokenBucket } from "./token-bucket.ts";

const rates = fc.record({ perSecond: fc.integer({ min: 1, max: 500 }), burst: fc.integer({ min: 1, max: 100 }) });

describe("token bucket", () => {
  it("never lets more through than the burst and what came with time", () => {
    fc.assert(
      fc.property(rates, fc.array(fc.integer({ min: 0, max: 400 }), { maxLength: 300 }), (rate, pauses) => {
        const bucket = new TokenBucket(rate, 0);
        let now = 0;
        let taken = 0;
        for (const pause of pauses) {
          now += pause;
          if (bucket.take(now) === 0) taken += 1;
          expect(taken).toBeLessThanOrEqual(rate.burst + (now * rate.perSecond) / 1000 + 1e-6);
        }
      }),
    );
  });

  it("says when the next one is there, and keeps that", () => {
    fc.assert(
      fc.property(rates, (rate) => {
        const bucket = new TokenBucket(rate, 0);
        for (let count = 0; count < rate.burst; count += 1) expect(bucket.take(0)).toBe(0);
        const waitMs = bucket.take(0);
        expect(waitMs).toBeGreaterThan(0);
        expect(bucket.isFull(waitMs)).toBe(rate.burst === 1);
        expect(bucket.take(waitMs)).toBe(0);
      }),
    );
  });

  it("gives nothing to a clock that goes back", () => {
    const bucket = new TokenBucket({ perSecond: 10, burst: 1 }, 1000);
    expect([bucket.take(1000), bucket.take(0) > 0, bucket.take(50) > 0, bucket.take(100)]).toEqual([0, true, true, 0]);
  });
});
