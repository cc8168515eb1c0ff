import fc from "fast-check";
import { expect, it } from "vitest";
import { parse } from "yaml";
import { policyChanges } from "./policy-changes.ts";

const changes = (was: string, is: string) => policyChanges(parse(was) as never, parse(is) as never);

const POLICY = `# who decides
metadata: { name: x }
binding_context: [environment]
rules:
  - name: reads
    match: { actions: [db.read] }
    outcome: allow
  - name: exports
    outcome: review
    review:
      stages:
        - { name: owners, groups: [data-owners] }
        - { name: security, groups: [security], quorum: 1 }
  - name: drops
    outcome: deny
risk:
  - { reason: many rows, points: 10, when: action.properties.rows > 5 }
`;

it("what says the same is no change, however it is written", () => {
  const rewritten = `risk: [{ points: 10, when: "action.properties.rows > 5", reason: "many rows" }]\n${POLICY.replace(/risk:\n.*\n/, "").replace("# who decides", "# nobody")}`;
  expect(changes(POLICY, rewritten)).toEqual([]);
});

it("what changed is told by rule and member, by the names of stages and the reasons of risks", () => {
  const is = POLICY.replace("quorum: 1", "quorum: 2")
    .replace("{ name: owners, groups: [data-owners] }", "{ name: owners, groups: [data-owners], deadline: 2h }")
    .replace("points: 10", "points: 20")
    .replace("binding_context: [environment]", "binding_context: [environment, run_id]");
  expect(changes(POLICY, is)).toEqual([
    {
      kind: "changed",
      members: [
        { member: "binding_context", was: ["environment"], is: ["environment", "run_id"] },
        { member: "risk[many rows].points", was: 10, is: 20 },
      ],
    },
    {
      rule: "exports",
      kind: "changed",
      members: [
        { member: "review.stages[owners].deadline", is: "2h" },
        { member: "review.stages[security].quorum", was: 1, is: 2 },
      ],
    },
  ]);
});

it("rules come and go with all that they say", () => {
  const is = POLICY.replace("name: drops", "name: all drops");
  expect(changes(POLICY, is)).toEqual([
    {
      rule: "all drops",
      kind: "added",
      members: [
        { member: "name", is: "all drops" },
        { member: "outcome", is: "deny" },
      ],
    },
    {
      rule: "drops",
      kind: "removed",
      members: [
        { member: "name", was: "drops" },
        { member: "outcome", was: "deny" },
      ],
    },
  ]);
});

const rules = (...names: readonly string[]) => `rules: [${names.map((name) => `{ name: ${name}, outcome: deny }`).join(", ")}]`;

it.each([
  [["a", "b", "c"], ["b", "a", "c"], [["a", "b"]]],
  [["a", "b", "c", "d"], ["d", "a", "b", "c"], [["d", undefined]]],
  [["a", "b", "c", "d"], ["b", "c", "d", "a"], [["a", "d"]]],
  [["a", "b"], ["new", "a", "b"], []],
  [["a", "gone", "b"], ["a", "b"], []],
])("from %j to %j as few as possible have moved", (was, is, expected) => {
  const moved = changes(rules(...was), rules(...is)).filter(({ kind }) => kind === "moved");
  expect(moved.map(({ rule, after }) => [rule, after])).toEqual(expected);
});

it.each([
  ["two risks with one reason", (points: number) => `risk: [{ reason: a, points: ${points} }, { reason: a, points: 2 }]`],
  ["two rules with one name", (points: number) => `rules: [{ name: a, when: "${points}" }, { name: a, when: "2" }]`],
  ["names with dots", (points: number) => `editable: { a: { b: ${points} }, a.b: 2 }`],
  ["names with brackets", (points: number) => `stages: [{ name: a, "x]": ${points} }, { name: "a].x", y: 2 }]`],
  ["a rule without a name", (points: number) => `rules: [{ when: "${points}" }]`],
])("%s hide no change", (_what, document) => {
  expect(changes(document(1), document(3))).toHaveLength(1);
  expect(changes(document(1), document(1))).toEqual([]);
});

it("nothing changes from anything to itself, and something to anything else", () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (one, other) => {
      expect(policyChanges(one as never, structuredClone(one) as never)).toEqual([]);
      fc.pre(JSON.stringify(one) !== JSON.stringify(other));
      fc.pre(typeof one !== "object" || typeof other !== "object");
      expect(policyChanges(one as never, other as never)).not.toEqual([]);
    }),
  );
});
