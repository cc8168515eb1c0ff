import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { editableText, readEdited } from "./editable-text.ts";
import { exportWith } from "./testing/sample-source.ts";
import { UNSHOWABLE_ALL } from "./visible-text.ts";

const corpus = JSON.parse(readFileSync(new URL("../testdata/hostile.json", import.meta.url), "utf8")) as readonly {
  readonly text: string;
}[];

describe("editable text", () => {
  it("P7: a text field shows what it holds, and gives back the very same values", () => {
    for (const { text } of corpus) {
      const properties = { [text]: text, list: [text] };
      const shown = editableText(exportWith(properties))!;
      expect(shown.replaceAll("\n", "").match(UNSHOWABLE_ALL)).toBeNull();
      expect(readEdited(shown, exportWith(properties))).toEqual({ properties });
    }
  });

  it("keeps secrets out of the field and brings them back", () => {
    const source = exportWith({ limit: 10, db_password: "hunter2", nested: [{ token: { a: 1 } }], url: "https://u:pw@host/" });
    const shown = editableText(source)!;
    expect(shown).not.toMatch(/hunter2|"a": 1|pw@/);
    expect(readEdited(shown.replace("10", "5"), source)).toEqual({
      properties: { limit: 5, db_password: "hunter2", nested: [{ token: { a: 1 } }], url: "https://u:pw@host/" },
    });
  });

  it("P7: a withheld secret cannot be moved to where it would be seen", () => {
    const source = exportWith({ comment: "x", db_password: "hunter2" });
    const shown = editableText(source)!;
    expect(readEdited(shown.replace('"x"', '"(secret, not shown: leave this as it is)"'), source)).toEqual({
      problem: "a withheld secret stands where the action has none",
    });
    expect(readEdited('{"other": {"db_password": "(secret, not shown: leave this as it is)"}}', source)).toHaveProperty("problem");
  });

  it("gives back what the action has nothing for, or something else", () => {
    const typed = { limit: { most: [1, null, { more: "x" }] }, list: null, new: [{ a: {} }, []] };
    expect(readEdited(JSON.stringify(typed), exportWith({ limit: 10, list: [1] }))).toEqual({ properties: typed });
  });

  it("takes every number that stays what it is", () => {
    expect(readEdited('{"a":[1.50,-0.25,1E5,2.5e+10,1e-10,0.0000005,100,0]}', exportWith({}))).toEqual({
      properties: { a: [1.5, -0.25, 100_000, 25_000_000_000, 1e-10, 5e-7, 100, 0] },
    });
  });

  it.each(["", "[]", "null", '"x"', "{", "1"])("refuses %j", (text) => {
    expect(readEdited(text, exportWith({}))).toEqual({ problem: "this is not a JSON object" });
  });

  it.each([
    ['{"limit":1,"to":[{},{"account":9007199254740993}]}', 'to[1].account must hold 9007199254740993 as a text ("9007199254740993")'],
    ['{"limit":1e400}', 'limit must hold 1e400 as a text ("1e400"): as a number it is Infinity'],
    ['{"a":[[1],{}],"limit":1,"limit":2}', "limit is named twice: name it once"],
    ['{"where":{"table":"a","\\u0074able":"b"}}', "where.table is named twice: name it once"],
    ['{"a\\u202e":1,"a\u202e":2}', String.raw`a\u{202e} is named twice: name it once`],
  ])("P1: refuses what would be asked for differently than it was typed: %s", (text, problem) => {
    expect(JSON.stringify(readEdited(text, exportWith({})))).toContain(JSON.stringify(problem).slice(1, -1));
  });

  it("P7: tells a problem briefly and at once, however long what was typed is", () => {
    const edited = readEdited(`{"${"a".repeat(5000)}":1${"0".repeat(1_000_000)}1}`, exportWith({}));
    expect(JSON.stringify(edited).length).toBeLessThan(500);
  });

  it("has nothing to edit where policy lets nobody", () => {
    expect(editableText(exportWith({ limit: 10 }, { editable: "" }))).toBeUndefined();
  });

  it("has nothing to edit once the content is erased", () => {
    const erased = { ...exportWith({}), input: undefined };
    expect(editableText(erased)).toBeUndefined();
    expect(readEdited("{}", erased)).toHaveProperty("problem");
  });
});
