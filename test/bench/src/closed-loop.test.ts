import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { closedLoop, percentile } from "./closed-loop.ts";

describe("percentile", () => {
  it("is the nearest rank", () => {
    const values = Array.from({ length: 100 }, (_, index) => index + 1);
    expect(percentile(values, 0.5)).toBe(50);
    expect(percentile(values, 0.99)).toBe(99);
    expect(percentile([7], 0.99)).toBe(7);
  });
});

describe("closedLoop", () => {
  it("keeps exactly so many in flight", async () => {
    let now = 0;
    let most = 0;
    const result = await closedLoop(
      async () => {
        now += 1;
        most = Math.max(most, now);
        await sleep(5);
        now -= 1;
        return 5;
      },
      4,
      0.1,
    );
    expect(most).toBe(4);
    expect(result.completed).toBeGreaterThan(4);
    expect(result.p50).toBe(5);
  });

  it("fails when the workload fails", async () => {
    await expect(closedLoop(() => Promise.reject(new Error("refused")), 2, 1)).rejects.toThrow("refused");
  });
});
