import { describe, expect, it } from "vitest";
import { pauseAfter } from "./breaker.ts";

describe("breaker", () => {
  const tuning = { failures: 3, firstPauseMs: 100, longestPauseMs: 350 };

  it.each([
    [0, undefined],
    [2, undefined],
    [3, 100],
    [4, 200],
    [5, 350],
    [5000, 350],
  ])("after %i failures in a row pauses %s ms", (failures, pause) => {
    expect(pauseAfter(failures, tuning)).toBe(pause);
  });
});
