import { describe, expect, it } from "vitest";
import { LONGEST_DELAY, retryDelay, STANDARD_RETRY_DELAYS } from "./retry-schedule.ts";

describe("retryDelay", () => {
  it("follows the schedule of Standard Webhooks, then gives up", () => {
    const delays = Array.from({ length: 10 }, (_, index) => retryDelay(index + 1, undefined, 0));
    expect(delays).toEqual([...STANDARD_RETRY_DELAYS, undefined]);
  });

  it("spreads retries by up to a fifth", () => {
    expect(retryDelay(1, undefined, 0.999)).toBe(5999);
  });

  it("waits as long as the receiver asks, never shorter than planned, never longer than a day", () => {
    expect(retryDelay(1, 90_000, 0)).toBe(90_000);
    expect(retryDelay(2, 1000, 0)).toBe(300_000);
    expect(retryDelay(1, Number.MAX_SAFE_INTEGER, 0)).toBe(LONGEST_DELAY);
  });
});
