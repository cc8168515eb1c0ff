import { describe, expect, it } from "vitest";
import { matchesSchema } from "./json-schema.ts";

type Case = readonly [schema: object, good: readonly unknown[], bad: readonly unknown[]];

describe("the JSON Schema of what a reviewer may change", () => {
  it.each<Case>([
    [{ type: "integer" }, [1, -3, 1.0], [1.5, "1", null, true]],
    [{ type: ["integer", "null"], maximum: 10 }, [10, null], [11, "a"]],
    [{ type: "object" }, [{}], [[], null, "x"]],
    [{ type: "array" }, [[]], [{}, null]],
    [{ type: "null" }, [null], [0, {}, []]],
    [{ enum: ["eu", { a: 1 }] }, ["eu", { a: 1 }], ["us", { a: 2 }]],
    [{ const: [1] }, [[1]], [[2], 1]],
    [{ exclusiveMinimum: 0, exclusiveMaximum: 10 }, [1, 9.5, "x"], [0, 10]],
    [{ minLength: 1, maxLength: 2 }, ["a", "\u{1F600}\u{1F600}", 5], ["", "abc"]],
    [{ type: "object", properties: { a: { type: "integer" } }, additionalProperties: false }, [{}, { a: 1 }], [{ a: "1" }, { b: 1 }]],
    [{ type: "object", additionalProperties: false }, [{}], [{ toString: 1 }]],
  ])("%j", (schema, good, bad) => {
    for (const value of good) expect(matchesSchema(schema, value), JSON.stringify(value)).toBe(true);
    for (const value of bad) expect(matchesSchema(schema, value), JSON.stringify(value)).toBe(false);
  });

  it.each<Case>([
    [{ maximum: 1000 }, [1000], [5000]],
    [{ type: "integer", enum: [5, 2000], maximum: 10 }, [5], [2000, 6]],
    [{ type: "array", maxItems: 1 }, [[1]], [[1, 2]]],
    [{ items: { type: "integer" } }, [[1]], [["x"]]],
    [{ type: "object", required: ["a"] }, [{ a: 1 }], [{}, { toString: 1 }]],
    [{ properties: { a: { maximum: 3 } }, required: ["a"] }, [{ a: 3 }], [{ a: 4 }, {}]],
  ])("P1: every keyword holds by itself: %j", (schema, good, bad) => {
    for (const value of good) expect(matchesSchema(schema, value), JSON.stringify(value)).toBe(true);
    for (const value of bad) expect(matchesSchema(schema, value), JSON.stringify(value)).toBe(false);
  });

  it("P7: what is no schema, or says what nobody here knows, lets nothing through", () => {
    for (const schema of [
      undefined,
      null,
      true,
      "integer",
      [],
      { pattern: "^a" },
      { type: "integer", multipleOf: 2 },
      { constructor: 1 },
      { type: 7 },
    ])
      expect(matchesSchema(schema, 4), JSON.stringify(schema)).toBe(false);
  });
});
