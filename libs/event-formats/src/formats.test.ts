import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EVENT_FORMATS, isEventFormat, type EventFormatName } from "./formats.ts";
import { record } from "./testing/records.ts";

const NAMES = Object.keys(EVENT_FORMATS) as EventFormatName[];

/** What an agent could write into a name to become a second event, a formula or a field of its own. */
const hostile = fc.oneof(
  fc.constantFrom(
    '=HYPERLINK("http://x")',
    "a|b|10|act=forged",
    "x\nCEF:0|forged|",
    "\u2028second",
    'a","b',
    "\\n=",
    "@SUM(1)",
    "\r\n0,0,x",
  ),
  fc.string({ unit: "binary", maxLength: 40 }),
);

describe.each(NAMES)("%s", (name) => {
  const format = EVENT_FORMATS[name];

  it("is one line an event, whatever its texts hold", () => {
    fc.assert(
      fc.property(hostile, hostile, hostile, (text, id, type) => {
        const line = format.line(
          record(
            type,
            { actionName: text, resourceId: id, rows: [text] },
            { summary: text, actor: { issuer: text, id }, stream: { type, id } },
          ),
        );
        if (name !== "soc2-csv") expect(line).not.toMatch(/[\r\n]/);
        else expect(rows(`${line}\r\n`)).toHaveLength(1);
      }),
    );
  });

  it("knows what to write of an event that a newer build recorded", () => {
    const line = format.line(record("ActionTeleported", undefined, { data: undefined, actor: undefined, traceparent: "" }));
    expect(line).toContain("ActionTeleported");
    expect(line).toContain("4711");
  });
});

it("names only formats that there are", () => {
  expect(NAMES.every(isEventFormat)).toBe(true);
  expect(["constructor", "__proto__", "", "OCSF"].some(isEventFormat)).toBe(false);
});

describe("soc2-csv", () => {
  const { head, line } = EVENT_FORMATS["soc2-csv"];

  it("gives each row as many cells as the head, and no cell that a spreadsheet computes", () => {
    fc.assert(
      fc.property(hostile, hostile, (text, id) => {
        const [cells] = rows(`${line(record("VoteCast", { actionName: text }, { summary: text, actor: { issuer: id, id } }))}\r\n`);
        expect(cells).toHaveLength(head.split(",").length);
        for (const cell of cells ?? []) expect(cell.trimStart()).not.toMatch(/^[=+\-@]/);
      }),
    );
  });
});

/** RFC 4180, read by somebody else's hand. */
function rows(text: string): readonly (readonly string[])[] {
  const found: string[][] = [];
  let [row, cell, quoted]: [string[], string, boolean] = [[], "", false];
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index];
    if (quoted && character === '"' && text[index + 1] === '"') [cell, index] = [`${cell}"`, index + 1];
    else if (character === '"') quoted = !quoted;
    else if (!quoted && character === ",") [row, cell] = [[...row, cell], ""];
    else if (!quoted && character === "\r" && text[index + 1] === "\n") {
      found.push([...row, cell]);
      [row, cell, index] = [[], "", index + 1];
    } else cell += character;
  }
  return found;
}
