import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { quoted, visible, type TextNote } from "./visible-text.ts";

type Hostile = { readonly name: string; readonly text: string; readonly shown: string; readonly notes: readonly TextNote[] };
const corpus = JSON.parse(readFileSync(new URL("../testdata/hostile.json", import.meta.url), "utf8")) as readonly Hostile[];

/** Everything that could move a cursor, reorder or hide: none of it may come out of the renderer. */
const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}]/u;
const anyText = fc.string({ unit: "binary", maxLength: 40 });

describe("visible", () => {
  it.each(corpus)("P7: shows $name", ({ text, shown, notes }) => {
    expect(visible(text)).toEqual({ text: shown, notes });
  });

  it("P7: lets nothing through that a terminal or a browser would obey or hide", () => {
    fc.assert(fc.property(anyText, (text) => !UNSAFE.test(visible(text).text) && !UNSAFE.test(quoted(text).text)));
  });

  it("P7: never shows two texts alike, notes included", () => {
    fc.assert(
      fc.property(anyText, anyText, (one, other) => {
        fc.pre(one !== other);
        expect(visible(one)).not.toEqual(visible(other));
        expect(quoted(one).text).not.toBe(quoted(other).text);
      }),
    );
  });

  it("P7: takes no short cut that shows a text differently", () => {
    const ascii = fc.string({ unit: "binary-ascii", maxLength: 40 });
    // A hidden character at the end makes both go the long way.
    fc.assert(
      fc.property(fc.oneof(ascii, anyText), (text) => {
        expect(quoted(`${text}\u200b`).text).toBe(String.raw`${quoted(text).text.slice(0, -1)}\u{200b}"`);
        const { text: shown, notes } = visible(text);
        fc.pre(notes.length === 0 && !text.includes("\\"));
        expect(visible(`${text}\u200b`)).toEqual({ text: String.raw`${shown}\u{200b}`, notes: ["escaped", "hidden characters"] });
      }),
    );
  });

  it("is fast on a text made to be slow", () => {
    const started = performance.now();
    for (const unit of ["a", "a\u0430", "\u0300", "-eyJaaaaaaaa", "\\", "\u202e"]) visible(unit.repeat(Math.ceil(131_072 / unit.length)));
    expect(performance.now() - started).toBeLessThan(30_000);
  });
});

describe("quoted", () => {
  it.each([
    ["plain", "customers", '"customers"'],
    ["quotes and backslashes", String.raw`a"b\c`, String.raw`"a\"b\\c"`],
    ["lines", "select 1;\n\tdrop", String.raw`"select 1;\n\tdrop"`],
    ["an escape sequence", "\u001b[2J", String.raw`"\u{1b}[2J"`],
  ])("shows %s as in JSON", (_what, text, shown) => {
    expect(quoted(text).text).toBe(shown);
  });

  it("notes what was hidden, not ordinary white space", () => {
    expect(quoted("a\n\tb").notes).toEqual([]);
    expect(quoted("a\u200bb").notes).toEqual(["hidden characters"]);
  });
});
