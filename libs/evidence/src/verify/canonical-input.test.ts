import { actionDigest, canonicalJson, type JsonObject, type JsonValue } from "@countersign/digest";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { digestOfCanonical } from "./canonical-input.ts";
import { endOfCanonical } from "./canonical-text.ts";
import { digestOfParsed, isDigestOf } from "./inputs.ts";

const salt = Buffer.alloc(32, 7);
const isCanonical = (text: string): boolean => endOfCanonical(Buffer.from(text), 0) === Buffer.byteLength(text);
const json = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<JsonValue>;
const plain = fc.string({ maxLength: 6 });
const object = fc.dictionary(fc.oneof(plain, fc.constantFrom("environment", "a", "constructor")), json, {
  maxKeys: 4,
}) as fc.Arbitrary<JsonObject>;

describe("P6: a text is taken for canonical", () => {
  it("if it has only what is sure", () => {
    const text = canonicalJson({ a: [1, -2.5, 1e21, true, null, {}], b: { c: "x", "c ": [], "c!": [[]] } });
    expect(isCanonical(text)).toBe(true);
  });

  it.each([
    '{"a":1 }',
    '{"b":1,"a":2}',
    '{"a":1,"a":1}',
    "1.0",
    "-0",
    "01",
    "1e3",
    "nul",
    '{"a":}',
    "[1,]",
    '"\\u0041"',
    '"',
    "",
    "[",
    "{",
  ])("not if it is %s", (text) => {
    expect(isCanonical(text)).toBe(false);
  });

  it("never, if it would be written otherwise, whatever is changed", () => {
    fc.assert(
      fc.property(
        json,
        fc.boolean(),
        fc.nat(),
        fc.constantFrom(...' "{}[],:-019eab\\\u00e9'.split(""), ""),
        (value, sorted, place, other) => {
          const text = sorted ? canonicalJson(value) : JSON.stringify(value);
          const at = place % (text.length + 1);
          for (const candidate of [text, text.slice(0, at) + other + text.slice(at + 1), text.slice(0, at) + other + text.slice(at)]) {
            if (isCanonical(candidate)) expect(canonicalJson(JSON.parse(candidate) as JsonValue)).toBe(candidate);
          }
        },
      ),
      { numRuns: 1000 },
    );
  });

  it("not if it is nested too deep to be sure", () => {
    expect(isCanonical("[".repeat(5000) + "]".repeat(5000))).toBe(false);
  });
});

describe("P1: the digest of a canonical input", () => {
  const part = fc.record({ type: plain, id: plain, properties: object }, { requiredKeys: ["type", "id"] });
  const action = fc.record({ name: plain, properties: object }, { requiredKeys: ["name"] });
  const input = fc.record({ subject: part, action, resource: part, context: object }, { requiredKeys: ["subject", "action", "resource"] });
  const names = fc.array(fc.constantFrom("environment", "a", "b", "constructor"), { maxLength: 3 });

  it("is the action digest, and any other is refused", () => {
    fc.assert(
      fc.property(input, names, plain, (value, binding, tenant) => {
        const body = Buffer.from(canonicalJson(value as JsonObject));
        const digest = actionDigest(salt, { ...value, tenant }, binding);
        const text = digestOfCanonical(tenant, { salt, body }, binding);
        if (text !== undefined) expect(Buffer.from(text, "latin1")).toEqual(digest);
        expect(isDigestOf(digest, tenant, { salt, body }, binding)).toBe(true);
        expect(
          isDigestOf(
            digest.map((byte) => byte ^ 1),
            tenant,
            { salt, body },
            binding,
          ),
        ).toBe(false);
      }),
      { numRuns: 300 },
    );
  });

  it("is never another than that of the parsed input, whatever stands in the text", () => {
    const odd = fc.constantFrom("action", "context", "resource", "subject", "id", "type", "name", "properties", "__proto__", "constructor");
    const name = fc.oneof(
      { weight: 3, arbitrary: odd },
      fc.tuple(odd, fc.constantFrom(",", '"', "\0", ""), odd).map((parts) => parts.join("")),
    );
    const oddPart = fc.dictionary(name, fc.oneof(json, fc.constant(null)), { maxKeys: 3 });
    const full = fc.record({ id: plain, type: plain, name: plain, properties: json }, { requiredKeys: [] });
    const side = fc.oneof(oddPart, full, json) as fc.Arbitrary<JsonValue>;
    const whole = fc.record(
      { subject: side, action: side, resource: side, context: side },
      { requiredKeys: [] },
    ) as fc.Arbitrary<JsonObject>;
    const renamed = fc.constantFrom(["context,resource", "resource"], ["action,context", "action"], ["resource,subject", "subject"], []);
    const change = fc.constantFrom("", " ", "\ufeff", ",", '"', "\\", "\0", ".0", "e2", "-0", "{}", '"a":1,', "\u00e9", "}");
    fc.assert(
      fc.property(
        fc.oneof(input, whole),
        renamed,
        fc.array(name, { maxLength: 3 }),
        fc.nat(),
        change,
        (value, [to, from], binding, place, added) => {
          const members = Object.entries(value).map(([key, member]) => [key === from ? (to ?? key) : key, member] as const);
          const text = canonicalJson(Object.fromEntries(members));
          const at = place % (text.length + 1);
          for (const candidate of [text, text.slice(0, at) + added + text.slice(at), text.slice(0, at) + added + text.slice(at + 1)]) {
            const content = { salt, body: Buffer.from(candidate) };
            const told = digestOfCanonical("acme", content, binding);
            if (told !== undefined) expect(told).toBe(digestOfParsed("acme", content, binding)?.toString("latin1"));
          }
        },
      ),
      { numRuns: 1000 },
    );
  });

  it.each([
    [
      "members beyond those that are covered",
      { subject: { type: "a", id: "b", more: 1 }, action: { name: "c" }, resource: { type: "d", id: "e" } },
    ],
    [
      "properties that are null",
      { subject: { type: "a", id: "b" }, action: { name: "c", properties: null }, resource: { type: "d", id: "e" } },
    ],
    [
      "more than an input has",
      { subject: { type: "a", id: "b" }, action: { name: "c" }, resource: { type: "d", id: "e" }, tenant: "other" },
    ],
    [
      "a member that is called as two",
      { subject: { type: "a", id: "b" }, action: { name: "c" }, "context,resource": { type: "d", id: "e" } },
    ],
    [
      "a part with a member that is called as two",
      { subject: { type: "a", id: "b" }, action: { "name,properties": "c" }, resource: { type: "d", id: "e" } },
    ],
    [
      "a part with one that is called as the first two of three",
      { subject: { "id,properties": "b", type: "a" }, action: { name: "c" }, resource: { type: "d", id: "e" } },
    ],
    ["a part that is no object", { subject: 1, action: { name: "c" }, resource: { type: "d", id: "e" } }],
  ])("is left to others with %s", (_, value) => {
    expect(digestOfCanonical("acme", { salt, body: Buffer.from(canonicalJson(value)) }, [])).toBeUndefined();
  });
});
