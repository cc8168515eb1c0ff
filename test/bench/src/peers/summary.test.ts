import { describe, expect, it } from "vitest";
import type { Lap } from "./compare.ts";
import { summarize } from "./summary.ts";

const lap = (contender: Lap["contender"], round: number, perSecond: number, p50: number, inFlight = 64): Lap => ({
  contender,
  workload: "auto",
  inFlight,
  round,
  perSecond,
  p50,
  signaturesPerSecond: 20_000,
});

describe("summarize", () => {
  it("compares within a round, so that a slow phase of the machine moves no ratio", () => {
    const laps = [
      lap("one-process", 1, 1200, 10),
      lap("dbos", 1, 400, 30),
      lap("one-process", 2, 600, 20),
      lap("dbos", 2, 200, 60),
      lap("one-process", 3, 900, 15),
      lap("dbos", 3, 300, 45),
    ];
    const [ours, dbos] = summarize(laps);
    expect(ours).toMatchObject({ contender: "one-process", perSecond: { median: 900, min: 600, max: 1200 }, ratio: 1 });
    expect(dbos).toMatchObject({ contender: "dbos", perSecond: { median: 300, min: 200, max: 400 }, ratio: 3 });
  });

  it("compares latencies at one in flight, more being better for us", () => {
    const [, dbos] = summarize([lap("one-process", 1, 300, 2, 1), lap("dbos", 1, 100, 6, 1)]);
    expect(dbos?.ratio).toBe(3);
  });

  it("tells no ratio where ours did not run", () => {
    expect(summarize([lap("dbos", 1, 100, 6)])[0]?.ratio).toBeUndefined();
  });
});
