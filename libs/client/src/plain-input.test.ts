import { describe, expect, it } from "vitest";
import { plainInput, type ActionInput } from "./plain-input.ts";

const INPUT: ActionInput = {
  subject: { type: "agent", id: "crm-agent", properties: { team: "crm" } },
  action: { name: "files.delete", properties: { paths: ["/a", "/b"], force: true, depth: 2, mark: null, more: { deep: [{ a: 1 }] } } },
  resource: { type: "host", id: "web-1" },
  context: { environment: "staging" },
};

/** As a program without types calls it. */
const untyped = (properties: unknown): ActionInput => Object.assign({}, INPUT, { action: { name: "files.delete", properties } });

describe("P1: what is shown, hashed and run is one and the same", () => {
  it("JSON is copied as it is", () => {
    const copy = plainInput(INPUT);
    expect(copy).toStrictEqual(INPUT);
    expect(copy.action.properties).not.toBe(INPUT.action.properties);
    const parsed = JSON.parse('{"__proto__": {"a": 1}}') as Record<string, unknown>;
    expect(JSON.stringify(plainInput(untyped(parsed)).action.properties)).toBe('{"__proto__":{"a":1}}');
    expect(plainInput(untyped(Object.assign(Object.create(null) as object, { a: 1 }))).action.properties).toEqual({ a: 1 });
  });

  it("what is undefined is left out", () => {
    expect(plainInput(untyped({ a: undefined, b: { c: undefined, d: 1 } })).action.properties).toStrictEqual({ b: { d: 1 } });
  });

  it.each<[string, unknown, string]>([
    [
      "a Map",
      { a: new Map([["hidden", 1]]) },
      "input.action.properties.a must be a JSON value, so that it can be shown and hashed; it is Map",
    ],
    ["a Set", { a: [new Set([1])] }, "input.action.properties.a[0] must be a JSON value, so that it can be shown and hashed; it is Set"],
    ["a Date", { a: new Date(0) }, "it is Date"],
    [
      "bytes",
      { a: { b: new Uint8Array(2) } },
      "input.action.properties.a.b must be a JSON value, so that it can be shown and hashed; it is Uint8Array",
    ],
    ["an object with a class", { a: new URL("http://a/") }, "it is URL"],
    ["a function", { a: () => 1 }, "it is function"],
    ["a bigint", { a: 1n }, "it is bigint"],
    ["no number", { a: Number.NaN }, "it is NaN"],
    ["undefined in a list", { a: [undefined] }, "input.action.properties.a[0]"],
    // oxlint-disable-next-line no-sparse-arrays
    ["a hole in a list", { a: [1, , 2] }, "input.action.properties.a[1]"],
    ["half a surrogate pair", { a: ["\ud800"] }, "input.action.properties.a[0] holds half of a surrogate pair"],
    ["a name with half of one", { "\udc00": 1 }, "a name in input.action.properties holds half of a surrogate pair"],
    ["a list for an object", [1], "input.action.properties must be an object of JSON values; it is Array"],
  ])("%s is refused by its name", (_what, properties, message) => {
    expect(() => plainInput(untyped(properties))).toThrow(new RegExp(message.replaceAll(/[[\]{}().]/g, "\\$&")));
  });

  it.each<[string, object, string]>([
    ["a list that reads as a name", { resource: { type: "host", id: ["web-1"] } }, "input.resource.id must be a string; it is Array"],
    ["a number for a name", { action: { name: 7 } }, "input.action.name must be a string; it is 7"],
    [
      "what says one thing to each who asks",
      { subject: { type: { toString: () => "agent", toJSON: () => "agent" }, id: "crm-agent" } },
      "input.subject.type must be a string; it is Object",
    ],
    ["half a surrogate pair", { resource: { type: "host", id: "\udfff" } }, "input.resource.id holds half of a surrogate pair"],
  ])("%s is refused before anybody is asked", (_what, part, message) => {
    expect(() => plainInput(Object.assign({}, INPUT, part))).toThrow(message);
  });

  it("what is -0 runs as the 0 that people were shown", () => {
    expect(Object.is(plainInput(untyped({ depth: -0 })).action.properties?.["depth"], 0)).toBe(true);
  });

  it("what answers otherwise when it is read again runs as it was asked for", () => {
    let reads = 0;
    const turning = Object.defineProperty({}, "path", { enumerable: true, get: () => ((reads += 1) === 1 ? "/tmp" : "/") });
    const proxied = new Proxy({ path: "/tmp" }, { get: () => ((reads += 1) === 1 ? "/tmp" : "/") });
    for (const properties of [turning, proxied]) {
      reads = 0;
      const copy = plainInput(untyped(properties)).action.properties;
      expect([copy, copy?.["path"], JSON.stringify(copy)]).toEqual([{ path: "/tmp" }, "/tmp", '{"path":"/tmp"}']);
    }
  });

  it("what nobody would be shown, and what is missing, is refused", () => {
    const strange = Object.assign({}, INPUT, { action: { name: "files.delete", parameters: { paths: ["/"] } } });
    expect(() => plainInput(strange)).toThrow("input.action.parameters is no part of an action; there are name, properties");
    const { resource: _, ...without } = INPUT;
    expect(() => plainInput(Object.assign(without, { resource: undefined as never }))).toThrow("input.resource is missing");
    expect(() => plainInput(Object.assign({}, INPUT, { subject: "crm-agent" }))).toThrow(
      "input.subject must be an object with type, id; it is string",
    );
  });
});
