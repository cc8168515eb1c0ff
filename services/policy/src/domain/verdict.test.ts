import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DECISIONS, policyOf, review, rule } from "../testing/policies.ts";
import { combine, NO_POLICY, type RuleHit } from "./verdict.ts";

const hit = (name: string, outcome: keyof typeof DECISIONS, failed = false): RuleHit => ({ rule: rule(name, outcome), failed });
const withDefault = policyOf([], { defaultReview: review, defaultGrantSeconds: 60 });
const without = policyOf([]);

describe("combine", () => {
  it("lets the strictest win, with its reasons first", () => {
    expect(combine(without, [hit("a", "allow"), hit("b", "review"), hit("c", "deny")], 7)).toEqual({
      outcome: "deny",
      risk: [],
      revision: 7,
      rule: "c",
      reasons: ["because of c", "because of a", "because of b"],
      bindingContext: ["environment"],
    });
    expect(combine(without, [hit("a", "allow"), hit("b", "review")], 7)).toMatchObject({ outcome: "review", rule: "b", review });
  });

  it("lets the first of the strictest decide", () => {
    expect(combine(without, [hit("a", "allow"), hit("b", "deny"), hit("c", "deny")], 1)).toMatchObject({ rule: "b" });
    expect(combine(without, [hit("a", "allow"), hit("b", "allow")], 1)).toMatchObject({ outcome: "allow", rule: "a", grantSeconds: 300 });
  });

  it("reviews by default when nothing matches, or denies", () => {
    expect(combine(withDefault, [], 1)).toEqual({
      outcome: "review",
      risk: [],
      review,
      grantSeconds: 60,
      revision: 1,
      rule: "",
      reasons: ["no rule matches: reviewed by default"],
      bindingContext: ["environment"],
    });
    expect(combine(without, [], 1)).toMatchObject({ outcome: "deny", rule: "", reasons: ["no rule matches: denied"] });
  });

  it("counts a failed deny and a failed review as matched", () => {
    expect(combine(without, [hit("a", "allow"), hit("b", "deny", true)], 1)).toMatchObject({
      outcome: "deny",
      rule: "b",
      reasons: ['rule "b" could not be evaluated', "because of a"],
    });
    expect(combine(without, [hit("a", "allow"), hit("b", "review", true)], 1)).toMatchObject({ outcome: "review", rule: "b" });
  });

  it("lets a failed allow bar every other allow, and names it", () => {
    const hits = [hit("a", "allow"), hit("b", "allow", true)];
    const reasons = ["a rule that allows could not be evaluated: reviewed by default", 'rule "b" could not be evaluated', "because of a"];
    expect(combine(withDefault, hits, 1)).toMatchObject({ outcome: "review", rule: "", reasons });
    expect(combine(without, hits, 1)).toMatchObject({ outcome: "deny", rule: "" });
    expect(combine(without, [...hits, hit("c", "review")], 1)).toMatchObject({ outcome: "review", rule: "c" });
  });

  it("gives a reason even when the rule has none", () => {
    const bare = { rule: rule("a", "allow", { reason: undefined }), failed: false };
    expect(combine(without, [bare], 1).reasons).toEqual(['rule "a" says allow']);
  });

  it("P7: denies without a policy", () => {
    expect(NO_POLICY).toMatchObject({ outcome: "deny", revision: 0 });
  });
});

const hits = fc
  .array(fc.tuple(fc.constantFrom("allow", "review", "deny"), fc.boolean()), { maxLength: 8 })
  .map((kinds) => kinds.map(([kind, failed], index) => hit(`r${index}`, kind, failed)));

describe("properties of combine", () => {
  it("P1: never allows when a deny or a review matches", () => {
    fc.assert(
      fc.property(hits, fc.constantFrom(withDefault, without), (given, document) => {
        const { outcome } = combine(document, given, 1);
        if (given.some((one) => one.rule.decision.outcome === "deny")) expect(outcome).toBe("deny");
        if (given.some((one) => one.rule.decision.outcome === "review")) expect(outcome).not.toBe("allow");
      }),
    );
  });

  it("P7: never allows when anything could not be evaluated", () => {
    fc.assert(
      fc.property(hits, fc.constantFrom(withDefault, without), (given, document) => {
        if (given.some((one) => one.failed)) expect(combine(document, given, 1).outcome).not.toBe("allow");
      }),
    );
  });

  it("P1: allows only by a rule that matched and says so", () => {
    fc.assert(
      fc.property(hits, fc.constantFrom(withDefault, without), (given, document) => {
        const verdict = combine(document, given, 1);
        if (verdict.outcome !== "allow") return;
        const decided = given.find(({ rule: { name } }) => name === verdict.rule);
        expect(decided).toMatchObject({ failed: false, rule: { decision: DECISIONS.allow } });
      }),
    );
  });
});
