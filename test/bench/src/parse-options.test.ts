import { describe, expect, it } from "vitest";
import { parseAmount, parseCount, parseCounts } from "./parse-options.ts";

describe("options of the bench", () => {
  it("are numbers", () => {
    expect(parseCount("64")).toBe(64);
    expect(parseCounts("1,16")).toEqual([1, 16]);
    expect(parseAmount("0.5")).toBe(0.5);
  });

  it.each(["", "0", "-1", "1.5", "x", "Infinity"])("takes nothing else for a count: %j", (text) => {
    expect(() => parseCount(text)).toThrow("must be a whole number above 0");
    expect(() => parseCounts(`1,${text}`)).toThrow("must be a whole number above 0");
  });

  it.each(["", "-1", "x", "Infinity"])("takes nothing else for an amount: %j", (text) => {
    expect(() => parseAmount(text)).toThrow("must be a number, 0 or more");
  });
});
