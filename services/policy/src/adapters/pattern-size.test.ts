import { expect, it } from "vitest";
import { compileConditions } from "./cel-conditions.ts";
import { patternSize } from "./pattern-size.ts";

it.each([
  ["^db\\.export$", 11],
  ["[0-9a-f]{8}-[0-9a-f]{4}", 13],
  ["(ab){10}", 30],
  ["((ab){10}c){10}", 320],
  ["\\p{L}{1,3}", 3],
  ["a{2,}", 2],
  ["[]({100}]{2}", 2],
  ["\\({3}", 3],
])("%s has about %i states", (pattern, states) => {
  expect(patternSize(pattern)).toBe(states);
});

it("P8: patterns of one document that would fill the memory of all are refused before they are made", () => {
  const large = (name: string): string => `action.name.matches("(${name.repeat(500)}){1000}")`;
  const many = Array.from({ length: 300 }, (_, index) => `action.name.matches("^[a-z${index}]{900}$")`);
  for (const sources of [[large("ab")], many]) {
    const compiled = compileConditions(sources);
    expect(compiled.ok ? [] : compiled.problems.map(({ message }) => message)).toContain(
      "the patterns of this policy have more than 50000 states, repetitions counted; repeat less",
    );
  }
  expect(compileConditions(many.slice(0, 40)).ok).toBe(true);
});
