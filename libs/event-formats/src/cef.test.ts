import fc from "fast-check";
import { expect, it } from "vitest";
import { toCef } from "./cef.ts";
import { record } from "./testing/records.ts";

it("is what a SIEM reads as one event of Countersign", () => {
  expect(toCef(record("PolicyActivated", {}, { summary: "policy revision 3 came into force" }))).toBe(
    "CEF:0|Countersign|countersign|1|PolicyActivated|policy revision 3 came into force|5|rt=1772366400123 " +
      "externalId=0192f0c1-0000-7000-8000-00000000beef outcome=done suser=ann suid=https://id.example ann cs1Label=tenant cs1=acme cs2Label=action " +
      "cs2=0192f0c1-0000-7000-8000-000000000001 cs3Label=leafHash cs3=" +
      "07".repeat(32) +
      " cn1Label=position cn1=4711 cn2Label=tenantSequence cn2=815 msg=policy revision 3 came into force",
  );
});

it("lets no text end a field, add one or start a second event", () => {
  const keys = (text: string): number => {
    const [fields, extension] = split(toCef(record("VoteCast", { actionName: `x${text}` }, { summary: text === "" ? "x" : text })));
    expect(fields).toHaveLength(7);
    // Equals signs that no backslash takes away.
    return extension.replaceAll(/\\./gs, "").split("=").length;
  };
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom("|", "\\", "=", "\n", "\r", "a", " ", "\u2028") }), (text) => {
      expect(keys(text)).toBe(keys(""));
    }),
  );
});

function split(line: string): readonly [fields: readonly string[], extension: string] {
  const fields: string[] = [];
  let rest = line;
  for (let found = /^((?:[^|\\]|\\.)*)\|/s.exec(rest); found !== null && fields.length < 7; found = /^((?:[^|\\]|\\.)*)\|/s.exec(rest)) {
    fields.push(found[1] ?? "");
    rest = rest.slice(found[0].length);
  }
  return [fields, rest];
}
