import { describe, expect, it } from "vitest";
import { Pace, parseRate, parseSpeed } from "./pace.ts";

describe("the pace of a replay", () => {
  it("is that of a rate", () => {
    const pace = new Pace(parseRate("500/s"));
    expect([0, 0, 10].map((now) => pace.waitMs(7, now))).toEqual([0, 2, -6]);
  });

  it("is a multiple of what happened, whenever that was", () => {
    const pace = new Pace(parseSpeed("2x"));
    expect(pace.waitMs(1_000_000, 5)).toBe(0);
    expect(pace.waitMs(1_001_000, 5)).toBe(500);
    expect(pace.waitMs(1_001_000, 605)).toBe(-100);
  });

  it("is none at all at max", () => {
    expect(new Pace(parseSpeed("max")).waitMs(1e15, 0)).toBe(0);
  });

  it.each(["", "fast", "0x", "-1x", "x", "1e3x"])("refuses the speed %o", (text) => expect(() => parseSpeed(text)).toThrow("must be"));
  it.each(["", "500", "0/s", "500/m"])("refuses the rate %o", (text) => expect(() => parseRate(text)).toThrow("must be"));
});
