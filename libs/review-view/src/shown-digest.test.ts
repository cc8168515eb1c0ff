import { describe, expect, it } from "vitest";
import type { JsonObject } from "./json.ts";
import type { ReviewSource } from "./review-source.ts";
import { sha256Hex } from "./sha256-hex.ts";
import { changedParts, shownDigest } from "./shown-digest.ts";
import { exportWith } from "./testing/sample-source.ts";

type Change = { readonly properties?: JsonObject; readonly context?: JsonObject; readonly bindingContext?: readonly string[] };

const view = ({ properties = {}, ...more }: Change): ReviewSource =>
  exportWith(properties, { verdict: { rule: "exports", revision: 4, reasons: ["customer data"], risk: [] }, ...more });

const digestOf = (change: Change): string => shownDigest(view(change), sha256Hex);

describe("the digest of what is shown", () => {
  it("does not depend on the order of members", () => {
    const long = (end: string): string => `${"n".repeat(700)}${end}`;
    const members = { limit: 10, table: "t", filter: { a: [1, {}], b: null }, [long("1")]: 1, [long("2")]: 2 };
    const turned = Object.fromEntries(Object.entries(members).toReversed());
    expect(digestOf({ properties: turned, context: turned })).toBe(digestOf({ properties: members, context: members }));
  });

  it.each<[string, Change, Change]>([
    ["a list and a member named like its item", { properties: { a: [1] } }, { properties: { "a[0]": 1 } }],
    ["a number and its text", { properties: { a: 1 } }, { properties: { a: "1" } }],
    ["what is bound and what is claimed", { context: { a: 1 } }, { context: { a: 1 }, bindingContext: ["a"] }],
    ["nothing inside and nothing there", { properties: { a: {} } }, { properties: {} }],
    ["values of two names that begin alike", { properties: { a: 1, b: 2 } }, { properties: { a: 2, b: 1 } }],
    [
      "a secret and what stands in place of it",
      { properties: { token: "abc" } },
      { properties: { other: "(secret, 3 characters, not shown)" } },
    ],
  ])("P1: differs for %s", (_what, one, other) => {
    expect(digestOf(one)).not.toBe(digestOf(other));
  });
});

it("names what is shown differently now", () => {
  const before = view({ properties: { limit: 10, gone: 1, same: 1 }, context: { why: "a" } });
  const { input } = view({ properties: { limit: 11, new: 1, same: 1 }, context: { why: "b" } });
  const verdict = { rule: "exports", revision: 5, reasons: ["customer data"], risk: [] };
  expect(changedParts(before, { ...before, input, verdict }, sha256Hex)).toEqual([
    "parameters.gone",
    "parameters.limit",
    "parameters.new",
    "policy",
    "why",
  ]);
});
