import { describe, expect, it } from "vitest";
import { costs, type Turn } from "./telemetry-summary.ts";

const turn = (telemetry: string, round: number, completed: number, cpuSeconds: number): Turn => ({
  telemetry,
  workload: "auto",
  round,
  completed,
  seconds: 2,
  cpuSeconds,
});

describe("what telemetry costs", () => {
  it("is compared within a round, so that a slow phase of the machine moves no ratio", () => {
    const turns = [turn("off", 1, 1000, 1), turn("on", 1, 900, 0.99), turn("off", 2, 500, 1), turn("on", 2, 450, 0.99)];
    const [off, on] = costs(turns);
    expect(off).toMatchObject({ telemetry: "off", microsOfOff: { min: 1, max: 1 }, perSecondOfOff: { median: 1 } });
    expect(on?.microsPerAction).toEqual({ median: 1100, min: 1100, max: 2200 });
    expect([on?.microsOfOff.min, on?.microsOfOff.max].map((ratio) => ratio?.toFixed(3))).toEqual(["1.100", "1.100"]);
    expect(on?.perSecondOfOff).toEqual({ median: 0.9, min: 0.9, max: 0.9 });
  });

  it("is nothing that could be told where nothing ran without", () => {
    expect(costs([turn("on", 1, 900, 1)])[0]?.microsOfOff.median).toBeNaN();
  });
});
