import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { actionDigest, type DigestInput } from "./action-digest.ts";

const salt = Buffer.alloc(32, 7);
const input: DigestInput = {
  tenant: "acme",
  subject: { type: "agent", id: "exporter" },
  action: { name: "db.export", properties: { table: "customers", limit: 10 } },
  resource: { type: "db", id: "crm", properties: { region: "eu" } },
  context: { environment: "production", justification: "asked by sales" },
};

describe("P1: the digest names exactly one action with exactly one input", () => {
  it("is SHA-256 over the salt and the RFC 8785 text", () => {
    const text =
      '{"action":{"name":"db.export","properties":{"limit":10,"table":"customers"}},"context":{"environment":"production"},' +
      '"resource":{"id":"crm","properties":{"region":"eu"},"type":"db"},"subject":{"id":"exporter","properties":{},"type":"agent"},"tenant":"acme"}';
    expect(actionDigest(salt, input, ["environment"])).toEqual(createHash("sha256").update(salt).update(text).digest());
  });

  it("is what docs/any-language.md says for those who compute it themselves", () => {
    const page = readFileSync(new URL("../../../docs/any-language.md", import.meta.url), "utf8");
    const example = JSON.parse(/```json\n(.*?)```/s.exec(page)?.[1] ?? "") as {
      readonly [name in "salt" | "tenant" | "text" | "digest"]: string;
    } & { readonly input: Omit<DigestInput, "tenant">; readonly binding_context: readonly string[] };
    const shown = Buffer.from(example.salt, "hex");
    const digest = actionDigest(shown, { tenant: example.tenant, ...example.input }, example.binding_context);
    expect(digest.toString("hex")).toBe(example.digest);
    expect(createHash("sha256").update(shown).update(example.text).digest()).toEqual(digest);
  });

  it("ignores the order of members", () => {
    const reordered = { ...input, action: { name: "db.export", properties: { limit: 10, table: "customers" } } };
    expect(actionDigest(salt, reordered, [])).toEqual(actionDigest(salt, input, []));
  });

  it.each<[string, DigestInput]>([
    ["tenant", { ...input, tenant: "other" }],
    ["subject", { ...input, subject: { type: "agent", id: "other" } }],
    ["operation", { ...input, action: { ...input.action, name: "db.drop" } }],
    ["parameter", { ...input, action: { ...input.action, properties: { table: "customers", limit: 11 } } }],
    ["resource", { ...input, resource: { ...input.resource, id: "hr" } }],
    ["binding context", { ...input, context: { environment: "staging" } }],
  ])("changes with the %s", (_what, changed) => {
    expect(actionDigest(salt, changed, ["environment"])).not.toEqual(actionDigest(salt, input, ["environment"]));
  });

  it("does not change with a member of the context that is not binding", () => {
    const other = { ...input, context: { environment: "production", justification: "something else" } };
    expect(actionDigest(salt, other, ["environment"])).toEqual(actionDigest(salt, input, ["environment"]));
  });

  it("covers a binding member whatever its name, and takes none that is not there for one", () => {
    const context = JSON.parse('{"__proto__":"production"}') as typeof input.context;
    expect(actionDigest(salt, { ...input, context }, ["__proto__"])).not.toEqual(
      actionDigest(salt, { ...input, context: {} }, ["__proto__"]),
    );
    expect(actionDigest(salt, input, ["constructor", "__proto__"])).toEqual(actionDigest(salt, input, []));
  });

  it("is another one for every other value", () => {
    const values = [
      null,
      true,
      false,
      0,
      1,
      "",
      "0",
      "null",
      "e\u0301",
      "\u00e9",
      [],
      [null],
      [[]],
      [0, 1],
      [1, 0],
      {},
      { a: null },
      { a: {} },
      { b: {} },
    ];
    const digests = values.map((value) =>
      actionDigest(salt, { ...input, resource: { ...input.resource, properties: { value } } }, []).toString("hex"),
    );
    expect(new Set(digests).size).toBe(values.length);
  });

  it("takes what is undefined for absent, and an object without a prototype for a literal", () => {
    const properties = Object.assign(Object.create(null) as object, { table: "customers", limit: 10, none: undefined });
    const sparse = {
      ...input,
      action: { name: "db.export", properties: properties as never },
      context: { environment: undefined as never },
    };
    expect(actionDigest(salt, sparse, ["environment"])).toEqual(actionDigest(salt, input, []));
  });

  it.each<[string, unknown]>([
    ["half of a character", "\ud800"],
    ["half of a character in a name", { "\ud800": 1 }],
    ["no number", Number.NaN],
    ["no number that ends", [Number.POSITIVE_INFINITY]],
    ["a Map", { rows: new Map([["hidden", 1]]) }],
    ["a function", { rows: () => 1 }],
    ["what would say something else of itself", { rows: 1, toJSON: () => ({ rows: 2 }) }],
    ["a symbol", [Symbol("rows")]],
    ["a hole in a list", [1, undefined]],
  ])("refuses %s: one digest would stand for more than one value", (_what, value) => {
    expect(() => actionDigest(salt, { ...input, action: { name: "x", properties: { value: value as never } } }, [])).toThrow();
  });
});
