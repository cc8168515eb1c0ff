import { describe, expect, it } from "vitest";
import { parseDelay, withoutDelay } from "./delay.ts";

describe("parseDelay", () => {
  it.each([
    ["1ms", 1000],
    ["500us", 500],
    ["0.5ms", 500],
    ["2s", 2_000_000],
  ])("%s is %i microseconds", (text, micros) => {
    expect(parseDelay(text)).toBe(micros);
  });

  it.each(["", "1", "ms", "-1ms", "0ms", "1 ms", "1m", "11s", "1e3us"])("refuses %j", (text) => {
    expect(() => parseDelay(text)).toThrow("no time such as 1ms");
  });
});

describe("withoutDelay", () => {
  it("leaves everything else as it was", () => {
    expect(withoutDelay(["peers", "--fsync-delay", "1ms", "--json"])).toEqual(["peers", "--json"]);
    expect(withoutDelay(["--fsync-delay=1ms", "raw", "--seconds", "2"])).toEqual(["raw", "--seconds", "2"]);
  });
});
