import { expect, it } from "vitest";
import { createRuleIndex } from "./rule-index.ts";

it("P7: a document that names one action a million times is made ready at once", () => {
  const rules = Array.from({ length: 1000 }, (_, index) => ({
    name: `r${index}`,
    match: { actions: Array<string>(1000).fill("db.export") },
    when: undefined,
    reason: undefined,
    decision: { outcome: "deny" } as const,
  }));
  expect(createRuleIndex(rules).candidates("db.export")).toEqual(rules.map((_, index) => index));
  expect(createRuleIndex(rules).candidates("db.drop")).toEqual([]);
});
