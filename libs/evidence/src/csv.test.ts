import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { cell, isoText } from "./csv.ts";

describe("a time", () => {
  it("is written as Date writes it, whichever came before", () => {
    const written = (dates: readonly Date[]): void => expect(dates.map(isoText)).toEqual(dates.map((date) => date.toISOString()));
    fc.assert(
      fc.property(fc.array(fc.date({ noInvalidDate: true })), (dates) => {
        written(dates);
      }),
    );
    written([0, 1, -1, 86_399_999, 86_400_000, -62_135_596_800_001, 253_402_300_800_000].map((at) => new Date(at)));
    expect(() => isoText(new Date(Number.NaN))).toThrow(RangeError);
  });
});

describe("a cell of a table", () => {
  it.each([
    ["db.export", "db.export"],
    ["https://idp.test|olga", "https://idp.test|olga"],
    ["", '""'],
    ['say "hi", twice', '"say ""hi"", twice"'],
    ["two\r\nlines", '"two\r\nlines"'],
  ])("holds %o", (text, written) => {
    expect(cell(text)).toBe(written);
  });

  it.each(["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\n@x", "\u0000=1", "\uff1dcmd", "=cmd|' /C calc'!A0"])(
    "does not let a spreadsheet compute %o",
    (text) => {
      expect(cell(text)).toMatch(/^"'/);
    },
  );
});
