import { describe, expect, it } from "vitest";
import { summarizeCurve, type Lap } from "./curve-summary.ts";

const lap = (size: number, round: number, p50: number, cpu: number): Lap => ({
  workload: "auto",
  inFlight: 64,
  size,
  round,
  actions: size + round,
  perSecond: 500,
  p50,
  p99: p50 * 3,
  cpu: { services: cpu * 0.5, postgres: cpu * 0.25, nats: cpu * 0.125, client: cpu * 0.125 },
});

describe("summarizeCurve", () => {
  it("holds each log against the smallest one in the same round", () => {
    // The machine was half as fast in the second round and a third as fast in the third.
    const laps = [1, 2, 3].flatMap((round) => [
      lap(10_000, round, 50 * round, 2000 * round),
      lap(100_000, round, 55 * round, 2200 * round),
    ]);
    const [small, large] = summarizeCurve(laps);
    expect(small).toMatchObject({ size: 10_000, p50: 100, cpuAll: 4000, ratio: { p50: 1, p99: 1, cpu: 1 }, flat: true });
    expect(large?.ratio.p50).toBeCloseTo(1.1);
    expect(large).toMatchObject({
      size: 100_000,
      actions: 100_002,
      cpu: { services: 2200, postgres: 1100, nats: 550, client: 550 },
      flat: true,
    });
  });

  it.each([
    ["latency", 61, 2000],
    ["CPU", 50, 2500],
  ])("is not flat when %s is more than a fifth above", (_, p50, cpu) => {
    const rows = summarizeCurve([lap(10_000, 1, 50, 2000), lap(1_000_000, 1, p50, cpu)]);
    expect(rows.map(({ flat }) => flat)).toEqual([true, false]);
  });

  it("refuses a round without the smallest log", () => {
    expect(() => summarizeCurve([lap(10_000, 1, 50, 2000), lap(100_000, 2, 50, 2000)])).toThrow("round 2");
  });
});
