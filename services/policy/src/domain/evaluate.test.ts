import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { input, policyOf, review, rule } from "../testing/policies.ts";
import type { Match, Rule } from "./document.ts";
import type { JsonObject } from "./input.ts";
import { compilePolicy, evaluate, explain, type ConditionFailure, type Conditions } from "./evaluate.ts";
import { dottedGlob } from "./glob.ts";
import { createRuleIndex } from "./rule-index.ts";

const noConditions: Conditions = () => () => {
  throw new Error("no rule here has a condition");
};
const answers =
  (...results: readonly (boolean | ConditionFailure)[]): Conditions =>
  () =>
  (index) =>
    results[index] ?? true;

describe("evaluate", () => {
  const risk = [{ points: 50, reason: "always" }];
  const matching = (match: Match) =>
    evaluate(compilePolicy(policyOf([rule("a", "allow", { match })], { risk }), noConditions), input, 3).outcome === "allow";

  it.each<[string, Match, boolean]>([
    ["nothing given", {}, true],
    ["the action", { actions: ["db.export"] }, true],
    ["one of the actions", { actions: ["db.drop", "db.*"] }, true],
    ["another action", { actions: ["db.drop"] }, false],
    ["the environment", { environments: ["staging", "production"] }, true],
    ["another environment", { environments: ["staging"] }, false],
    ["the type of principal", { subjects: ["agent"] }, true],
    ["another type of principal", { subjects: ["human", "service"] }, false],
    ["the resource", { resources: [{ type: "db.*", id: "cust*" }] }, true],
    ["another id", { resources: [{ type: "db.table", id: "orders" }] }, false],
    ["another type with the same id", { resources: [{ type: "db.view", id: "customers" }] }, false],
    ["the hours", { hours: { timezone: "UTC", days: ["mon"], from: 9 * 60, to: 11 * 60 } }, true],
    ["other hours", { hours: { timezone: "UTC", days: ["tue"], from: 9 * 60, to: 11 * 60 } }, false],
    ["one of the resources", { resources: [{ id: "orders" }, { id: "customers" }] }, true],
    ["the score of risk", { risk: 50 }, true],
    ["a higher score of risk", { risk: 51 }, false],
    ["one part of two", { actions: ["db.export"], environments: ["staging"] }, false],
    ["the first part of two", { subjects: ["agent"], environments: ["staging"] }, false],
    ["all parts but the resource", { environments: ["production"], resources: [{ id: "orders" }] }, false],
    ["all parts but the hours", { resources: [{ id: "customers" }], hours: { timezone: "UTC", days: ["tue"], from: 0, to: 60 } }, false],
    ["all parts but the risk", { subjects: ["agent"], risk: 51 }, false],
  ])("matches by %s", (_what, match, expected) => {
    expect(matching(match)).toBe(expected);
  });

  it("P7: an environment that is left out is not some other environment", () => {
    const policy = compilePolicy(policyOf([rule("a", "allow", { match: { environments: ["staging"] } })]), noConditions);
    for (const context of [{}, { environment: null }, { environment: ["staging"] }])
      expect(evaluate(policy, { ...input, context }, 1).outcome).toBe("deny");
  });

  it("P7: nor is it another one for what denies or reviews", () => {
    const match = { environments: ["production"] };
    const open = rule("anybody", "allow");
    const outcomeOf = (rules: Rule[], context: JsonObject) =>
      evaluate(compilePolicy(policyOf(rules), noConditions), { ...input, context }, 1);
    for (const context of [{}, { environment: null }, { environment: ["staging"] }]) {
      expect(outcomeOf([open, rule("a", "deny", { match })], context)).toMatchObject({ outcome: "deny", rule: "a" });
      const reasons = ['rule "a" may be meant, as no environment is given', "because of anybody"];
      expect(outcomeOf([open, rule("a", "review", { match })], context)).toMatchObject({ outcome: "review", rule: "a", reasons });
    }
    const elsewhere = { environment: "staging" };
    expect(outcomeOf([open, rule("a", "deny", { match }), rule("b", "review", { match })], elsewhere)).toMatchObject({ outcome: "allow" });
  });

  it.each<[string, Match]>([
    ["environment", { environments: ["staging"] }],
    ["spelling of the environment", { environments: ["PRODUCTION"] }],
    ["spelling of the resource", { resources: [{ id: "CUSTOMERS" }] }],
  ])("an allow for another %s bars no other", (_what, match) => {
    const { environment, ...unnamed } = input.context;
    const context = match.environments?.[0] === "staging" ? unnamed : { environment: environment ?? "" };
    const policy = compilePolicy(policyOf([rule("a", "allow", { match }), rule("b", "allow")]), noConditions);
    expect(evaluate(policy, { ...input, context }, 1)).toMatchObject({ outcome: "allow", rule: "b" });
  });

  it("P7: a risk whose condition cannot be evaluated counts, and says so", () => {
    const risks = ["holds", "does not", "is broken"].map((reason, index) => ({ when: "…", points: index + 1, reason }));
    const policy = policyOf([], { risk: [...risks, { points: 10, reason: "always" }] });
    expect(evaluate(compilePolicy(policy, answers(true, false, { failure: "x" }, { failure: "never asked" })), input, 1).risk).toEqual([
      { points: 1, reason: "holds" },
      { points: 3, reason: "could not be evaluated, so it counts: is broken" },
      { points: 10, reason: "always" },
    ]);
  });

  it("looks at conditions only of rules that match otherwise", () => {
    const policy = compilePolicy(
      policyOf([rule("a", "deny", { match: { actions: ["x"] }, when: "…" }), rule("b", "allow")]),
      answers({ failure: "never asked" }),
    );
    expect(evaluate(policy, input, 1)).toMatchObject({ outcome: "allow", rule: "b" });
  });
});

describe("explain", () => {
  it("tells how every rule fared", () => {
    const rules = [
      rule("other action", "deny", { match: { actions: ["x"] } }),
      rule("other place", "deny", { match: { environments: ["staging"] } }),
      rule("false", "deny", { when: "…" }),
      rule("broken", "allow", { when: "…" }),
      rule("broken review", "review", { when: "…" }),
      rule("plain", "allow"),
    ];
    const policy = compilePolicy(
      policyOf(rules, { defaultReview: review }),
      answers(false, false, false, { failure: "no such key" }, { failure: "oops" }),
    );
    expect(explain(policy, input, 1)).toEqual({
      verdict: evaluate(policy, input, 1),
      rules: [
        { rule: "other action", matched: false, outcome: "deny", note: "another action" },
        { rule: "other place", matched: false, outcome: "deny", note: "another environment, or none given" },
        { rule: "false", matched: false, outcome: "deny", note: "its condition is false" },
        {
          rule: "broken",
          matched: false,
          outcome: "allow",
          note: "its condition could not be evaluated, so nothing is allowed: no such key",
        },
        {
          rule: "broken review",
          matched: true,
          outcome: "review",
          note: "its condition could not be evaluated, so it counts as matched, beside what holds without it: oops",
        },
        { rule: "plain", matched: true, outcome: "allow", note: '"broken review" is stricter, and decides' },
      ],
    });
  });

  it("asks for no condition where there is none", () => {
    const { rules } = explain(compilePolicy(policyOf([rule("a", "allow")]), noConditions), input, 1);
    expect(rules).toEqual([{ rule: "a", matched: true, outcome: "allow", note: "" }]);
  });

  it("tells why a rule that holds does not decide", () => {
    const notes = (...rules: Rule[]) => explain(compilePolicy(policyOf(rules), answers()), input, 1).rules.map(({ note }) => note);
    expect(notes(rule("a", "review"), rule("b", "review"))).toEqual(["", '"a" comes first, and decides']);
    expect(notes(rule("a", "allow"), rule("b", "review"))).toEqual(['"b" is stricter, and decides', ""]);
    // Both are asked.
    const [doubtful] = notes(rule("a", "review", { match: { resources: [{ id: input.resource.id.toUpperCase() }] } }), rule("b", "review"));
    expect(doubtful).toBe("may be meant, as its resource is spelt otherwise");
  });
});

describe("properties of evaluate", () => {
  const results = fc.constantFrom<boolean | ConditionFailure>(true, false, { failure: "broken" });
  const kinds = fc.array(fc.tuple(fc.constantFrom("allow", "review", "deny"), fc.constantFrom("db.*", "db.export", "k8s.*"), results), {
    maxLength: 10,
  });

  it("P1, P7: allows only if an allow holds, no deny or review does, and nothing failed", () => {
    fc.assert(
      fc.property(kinds, fc.boolean(), (given, reviewed) => {
        const rules = given.map(([outcome, action], index) => rule(`r${index}`, outcome, { match: { actions: [action] }, when: "…" }));
        const policy = compilePolicy(
          policyOf(rules, reviewed ? { defaultReview: review } : {}),
          answers(...given.map(([, , result]) => result)),
        );
        const concerned = given.filter(([, action]) => action !== "k8s.*");
        const { outcome } = evaluate(policy, input, 1);
        const allowed = concerned.some(([kind, , result]) => kind === "allow" && result === true);
        const hindered = concerned.some(([kind, , result]) => result !== false && (kind !== "allow" || result !== true));
        expect(outcome === "allow").toBe(allowed && !hindered);
        if (concerned.some(([kind, , result]) => kind === "deny" && result !== false)) expect(outcome).toBe("deny");
        expect(explain(policy, input, 1).verdict).toEqual(evaluate(policy, input, 1));
      }),
    );
  });
});

it("P8: an explanation runs each condition once", () => {
  const ran: number[] = [];
  const conditions: Conditions = () => (index) => ran.push(index) > 0;
  const rules = [rule("a", "allow", { when: "1" }), rule("b", "review", { when: "2" })];
  const policy = compilePolicy(policyOf(rules, { risk: [{ when: "3", points: 5, reason: "risky" }] }), conditions);
  expect(explain(policy, input, 1)).toMatchObject({ verdict: { outcome: "review" }, rules: [{ matched: true }, { matched: true }] });
  expect(ran).toEqual([2, 0, 1]);
});

describe("the rule index", () => {
  const segment = fc.constantFrom("db", "k8s", "tag", "get");
  const pattern = fc.array(fc.oneof(segment, fc.constantFrom("*", "**")), { minLength: 1, maxLength: 4 }).map((parts) => parts.join("."));
  const name = fc.array(segment, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("."));

  it("finds what trying every rule finds, in order", () => {
    fc.assert(
      fc.property(
        fc.array(fc.option(fc.array(pattern, { minLength: 1, maxLength: 3 })), { maxLength: 12 }),
        fc.array(name, { maxLength: 6 }),
        (patterns, names) => {
          const rules = patterns.map((actions, index) => rule(`r${index}`, "allow", { match: actions === null ? {} : { actions } }));
          const index = createRuleIndex(rules);
          for (const one of [...names, ...names]) {
            const expected = rules.flatMap(({ match }, at) =>
              (match.actions ?? ["**"]).some((glob) => dottedGlob(glob)(one)) ? [at] : [],
            );
            expect(index.candidates(one)).toEqual(expected);
          }
        },
      ),
    );
  });

  it("keeps working with more names than it remembers", () => {
    const index = createRuleIndex([rule("a", "allow", { match: { actions: ["a.*"] } })]);
    for (let n = 0; n < 5000; n++) expect(index.candidates(`a.n${n}`)).toEqual([0]);
  });
});
