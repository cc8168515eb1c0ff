import { CountersignError } from "@countersign/client";
import { describe, expect, it } from "vitest";
import { openLoop } from "./open-loop.ts";

describe("open loop", () => {
  it("begins at its rate, whatever becomes of what was begun, and tells apart what was refused", async () => {
    let turn = 0;
    const work = async () => {
      turn += 1;
      if (turn % 2 === 0) throw new CountersignError("RESOURCE_EXHAUSTED", "full", { reason: "OVERLOADED", retryAfterMs: 500 });
      return { tookMs: 100 - turn, decided: true };
    };
    const result = await openLoop(work, 1000, 0.02);
    expect(result.begun).toBe(turn);
    expect([result.completed, result.refused, result.withHint]).toEqual([Math.ceil(turn / 2), Math.floor(turn / 2), Math.floor(turn / 2)]);
    expect(result.latencies).toEqual(result.latencies.toSorted((a, b) => a - b));
  });

  it("ends with any other failure", async () => {
    const broken = () => Promise.reject(new Error("broken"));
    await expect(openLoop(broken, 1000, 0.02)).rejects.toThrow("broken");
  });
});
