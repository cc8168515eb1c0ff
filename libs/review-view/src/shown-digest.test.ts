import { describe, expect, it } from "vitest";
import type { JsonObject } from "./json.ts";
import type { PrincipalName, ReviewSource } from "./review-source.ts";
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

describe("P1: the digest of what is shown is another one for another", () => {
  const [ann, bob] = ["ann", "bob"].map((id) => ({ issuer: "https://id.example", id })) as [PrincipalName, PrincipalName];
  const requester = { ...ann, type: "agent", chain: [ann], owner: ann };
  const verdict = { rule: "exports", revision: 4, reasons: ["customer data"], risk: [{ points: 5, reason: "many rows" }] };
  const review = { stages: [], openStage: 0, votes: [], deadline: undefined, editor: ann };
  const source = exportWith({ limit: 10 }, { requester, verdict, review });
  const input = source.input!;

  it.each<[string, Partial<ReviewSource>]>([
    ["tenant", { tenant: "other" }],
    ["action", { id: "0190-b" }],
    ["digest of the action", { digest: "cd".repeat(32) }],
    ["operation", { input: { ...input, action: { ...input.action, name: "db.drop" } } }],
    ["type of resource", { input: { ...input, resource: { ...input.resource, type: "file" } } }],
    ["resource", { input: { ...input, resource: { ...input.resource, id: "hr" } } }],
    ["property of the resource", { input: { ...input, resource: { ...input.resource, properties: { region: "eu" } } } }],
    ["type of subject", { input: { ...input, subject: { ...input.subject, type: "human" } } }],
    ["subject", { input: { ...input, subject: { ...input.subject, id: "importer" } } }],
    ["property of the subject", { input: { ...input, subject: { ...input.subject, properties: { team: "a" } } } }],
    ["claim", { input: { ...input, context: { why: "a" } } }],
    ["content that was erased", { input: undefined }],
    ["requester", { requester: { ...requester, id: "bob" } }],
    ["issuer", { requester: { ...requester, issuer: "https://evil.example" } }],
    ["type of requester", { requester: { ...requester, type: "human" } }],
    ["person acted for", { requester: { ...requester, chain: [bob] } }],
    ["longer chain", { requester: { ...requester, chain: [ann, bob] } }],
    ["owner", { requester: { ...requester, owner: bob } }],
    ["rule", { verdict: { ...verdict, rule: "others" } }],
    ["revision", { verdict: { ...verdict, revision: 5 } }],
    ["reason", { verdict: { ...verdict, reasons: ["nothing"] } }],
    ["risk", { verdict: { ...verdict, risk: [{ points: 6, reason: "many rows" }] } }],
    ["reason of a risk", { verdict: { ...verdict, risk: [{ points: 5, reason: "few rows" }] } }],
    ["editor", { review: { ...review, editor: bob } }],
  ])("%s", (_what, change) => {
    expect(shownDigest({ ...source, ...change }, sha256Hex)).not.toBe(shownDigest(source, sha256Hex));
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
