import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Sweeper } from "./sweeper.ts";

let now: number;
let sweeps: number[];
let sweeper: Sweeper;
/** The process works for so long, and only then looks at its timers, once. */
const busyFor = (ms: number): void => {
  now += ms;
  vi.advanceTimersByTime(10);
};

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  now = 1000;
  sweeps = [];
  sweeper = new Sweeper(
    { everyMs: 10, lateMs: 50 },
    (at) => sweeps.push(at),
    () => now,
  );
});
afterEach(() => {
  sweeper.end();
  vi.useRealTimers();
});

describe("sweeper", () => {
  it("sweeps from when it begins until it ends, however often it is told to begin", () => {
    vi.advanceTimersByTime(100);
    sweeper.begin();
    sweeper.begin();
    busyFor(10);
    busyFor(50);
    expect(sweeps).toEqual([1010, 1060]);
    sweeper.end();
    busyFor(10);
    expect(sweeps).toEqual([1010, 1060]);
  });

  it("lets all off when it comes late, once", () => {
    sweeper.begin();
    busyFor(51);
    expect(sweeps).toEqual([]);
    busyFor(51);
    expect(sweeps).toEqual([1102]);
    busyFor(51);
    expect(sweeps).toEqual([1102]);
    busyFor(10);
    expect(sweeps).toEqual([1102, 1163]);
  });

  it("is not late when nothing was to be swept meanwhile", () => {
    sweeper.begin();
    busyFor(51);
    sweeper.end();
    busyFor(1000);
    sweeper.begin();
    busyFor(51);
    expect(sweeps).toEqual([]);
    busyFor(10);
    expect(sweeps).toEqual([2112]);
  });

  it("can end from within a sweep", () => {
    const once = new Sweeper(
      { everyMs: 10, lateMs: 50 },
      () => {
        sweeps.push(now);
        once.end();
      },
      () => now,
    );
    once.begin();
    busyFor(10);
    busyFor(10);
    expect(sweeps).toEqual([1010]);
  });
});
