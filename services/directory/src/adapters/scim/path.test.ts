import { expect, it } from "vitest";
import { parseFilter } from "./path.ts";

it("reads on behind a filter within a filter", () => {
  const terms = parseFilter('emails[type eq "work"].value eq "a" and userName eq "b" and active eq true');
  expect(terms.map(({ path, value }) => [path.attribute, path.terms.length, value])).toEqual([
    ["emails", 1, "a"],
    ["username", 0, "b"],
    ["active", 0, true],
  ]);
});

it("P7: a filter within a filter does not make the one around it begin anew, without end", () => {
  expect(parseFilter('emailsmembers[value eq "u1"] eq "ab" and active eq false').length).toBe(2);
});
