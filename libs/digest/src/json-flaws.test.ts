import { describe, expect, it } from "vitest";
import type { JsonValue } from "./canonical-json.ts";
import { jsonBytes, jsonFlaws, MAX_JSON_BYTES, sizeFlaw } from "./json-flaws.ts";

const deep = (levels: number): JsonValue => (levels === 0 ? 1 : levels % 2 === 0 ? { a: deep(levels - 1) } : [deep(levels - 1)]);
const parsed = (json: string) => JSON.parse(json) as JsonValue;

describe("P1: what two programs could read differently is no part of an action", () => {
  const fieldsOf = (value: JsonValue) => jsonFlaws("p", value).map(({ field }) => field);

  it.each<[string, JsonValue, readonly string[]]>([
    ["any plain value", { a: [1, -2.5, 1e-7, "", "1e999", true, null, {}], "": [[]] }, []],
    ["the largest whole numbers that are exact", [Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER], []],
    ["whole numbers with neighbours", { a: [0, 2 ** 53], b: { c: -(2 ** 53) } }, ["p.a[1]", "p.b.c"]],
    ["large powers of ten", 1e21, ["p"]],
    ["no numbers", [Number.NaN, Infinity], ["p[0]", "p[1]"]],
    ["a member that some do not see", parsed('{"a":[{"__proto__":{"rows":1}}],"__proto__":1}'), ["p.a[0]", "p"]],
    ["32 levels", deep(32), []],
  ])("%s", (_what, value, fields) => {
    expect(fieldsOf(value)).toEqual(fields);
  });

  it("33 levels, objects and lists alike", () => {
    expect(fieldsOf(deep(33))).toHaveLength(1);
    expect(fieldsOf({ a: deep(32) })).toHaveLength(1);
    expect(fieldsOf([deep(32)])).toHaveLength(1);
  });
});

describe("the size of an action", () => {
  const part = { type: "", id: "", properties: {} };
  const bare = jsonBytes([["", "", {}], ["", {}], ["", "", {}], {}]);
  // Two bytes each in UTF-8, one character.
  const long = "\u00e9".repeat((MAX_JSON_BYTES - bare) / 2);

  it.each([
    ["subject.type", { subject: { ...part, type: long } }],
    ["subject.id", { subject: { ...part, id: long } }],
    ["subject.properties", { subject: { ...part, properties: { "": long } } }],
    ["action.name", { action: { name: long, properties: {} } }],
    ["action.properties", { action: { name: "", properties: { "": long } } }],
    ["resource.type", { resource: { ...part, type: long } }],
    ["resource.id", { resource: { ...part, id: long } }],
    ["resource.properties", { resource: { ...part, properties: { "": long } } }],
    ["context", { context: { "": long } }],
  ])("counts %s", (_part, given) => {
    const whole = { subject: part, action: { name: "", properties: {} }, resource: part, context: {}, ...given };
    expect(sizeFlaw("input", { ...whole, context: { ...whole.context, more: "" } })?.field).toBe("input");
  });

  it("takes as much as is said, and nothing at all", () => {
    const named = (length: number) => ({
      subject: part,
      action: { name: "a".repeat(length), properties: {} },
      resource: part,
      context: {},
    });
    expect(sizeFlaw("input", named(MAX_JSON_BYTES - bare))).toBeUndefined();
    expect(sizeFlaw("input", named(MAX_JSON_BYTES - bare + 1))?.field).toBe("input");
    expect(sizeFlaw("input", {})).toBeUndefined();
  });
});
