import { describe, expect, it } from "vitest";
import { cell } from "./csv.ts";

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
