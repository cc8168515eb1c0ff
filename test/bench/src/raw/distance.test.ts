import { describe, expect, it } from "vitest";
import { distances, type Round } from "./distance.ts";

const figure = (perSecond: number, cpuMicros: number) => ({ perSecond, cpuMicros });

/** A round on a machine so many times slower. */
const round = (slow: number): Round => ({
  commit: { bare: figure(60_000 / slow, 10 * slow), ours: figure(20_000 / slow, 40 * slow) },
  publish: { bare: figure(200_000 / slow, 5 * slow), ours: figure(50_000 / slow, 15 * slow) },
  call: { bare: figure(12_000 / slow, 100 * slow), ours: figure(4_000 / slow, 300 * slow) },
  signing: figure(25_000 / slow, 40 * slow),
  verifying: figure(10_000 / slow, 100 * slow),
  auto: figure(500 / slow, 1575 * slow),
  reviewed: figure(250 / slow, 3500 * slow),
});

describe("distances", () => {
  it("puts ours beside the bare part, and is not moved by a slow phase", () => {
    const [commit] = distances([round(1), round(2), round(4)], 2);
    expect(commit).toEqual({
      what: "event committed, 64 waiting",
      bare: figure(30_000, 20),
      ours: figure(10_000, 80),
      cpuTimes: 4,
      rateTimes: 3,
    });
  });

  it("has no ours beside a signature", () => {
    expect(distances([round(1)], 2).find(({ what }) => what === "Ed25519 signature")).toMatchObject({
      ours: undefined,
      cpuTimes: undefined,
    });
  });

  it("holds a whole action against the sum of its parts on all cores", () => {
    const rows = distances([round(1)], 2);
    // Two calls, five events committed and published, one signature; a reviewed one has a call, two events and a signature more.
    expect(rows.find(({ what }) => what === "auto action")).toMatchObject({
      bare: { cpuMicros: 2 * 100 + 5 * (10 + 5) + 40, perSecond: 2e6 / 315 },
      cpuTimes: 5,
    });
    expect(rows.find(({ what }) => what === "reviewed action")).toMatchObject({ bare: { cpuMicros: 3 * 100 + 7 * 15 + 80 } });
  });
});
