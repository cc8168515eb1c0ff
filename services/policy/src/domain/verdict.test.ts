import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DECISIONS, input, policyOf, review, rule, stage } from "../testing/policies.ts";
import type { Decision, ReviewTerms, Stage } from "./document.ts";
import type { JsonValue } from "./input.ts";
import { MAX_PERSON } from "./reviewers.ts";
import { boundToInput, combine, NO_POLICY, NOT_EVALUATED, type RuleHit, type Verdict } from "./verdict.ts";

const hit = (name: string, outcome: keyof typeof DECISIONS, doubt?: string): RuleHit => ({ rule: rule(name, outcome), doubt });
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
    expect(combine(without, [hit("a", "allow"), hit("b", "deny", NOT_EVALUATED)], 1)).toMatchObject({
      outcome: "deny",
      rule: "b",
      reasons: ['rule "b" could not be evaluated', "because of a"],
    });
    expect(combine(without, [hit("a", "allow"), hit("b", "review", NOT_EVALUATED)], 1)).toMatchObject({ outcome: "review", rule: "b" });
  });

  it("lets a failed allow bar every other allow, and names it", () => {
    const hits = [hit("a", "allow"), hit("b", "allow", NOT_EVALUATED)];
    const reasons = ["a rule that allows could not be evaluated: reviewed by default", 'rule "b" could not be evaluated', "because of a"];
    expect(combine(withDefault, hits, 1)).toMatchObject({ outcome: "review", rule: "", reasons });
    expect(combine(without, hits, 1)).toMatchObject({ outcome: "deny", rule: "" });
    expect(combine(without, [...hits, hit("c", "review")], 1)).toMatchObject({ outcome: "review", rule: "c" });
  });

  describe("P7: a review in doubt chooses nobody's reviewers", () => {
    const asking = (group: string, grantSeconds = 300, terms = review.terms): Decision => ({
      outcome: "review",
      review: { stages: [{ ...stage, name: group }], terms },
      grantSeconds,
    });
    const reviewBy = (group: string, doubt: string | undefined, ...more: [number?, ReviewTerms?]): RuleHit => ({
      rule: rule(group, "review", { decision: asking(group, ...more) }),
      doubt,
    });
    const stagesOf = (verdict: Verdict) => (verdict.outcome === "review" ? verdict.review.stages.map(({ name }) => name) : verdict.outcome);
    const easyTerms: ReviewTerms = { editable: "{}", ownerMayApprove: true, breakGlass: { groups: ["sre"], requester: true } };
    const easy = reviewBy("sre", "may be meant, as no environment is given", 900, easyTerms);

    it("whoever is asked with it or without it must say yes, on the strictest terms", () => {
      const verdict = combine(without, [hit("a", "allow"), easy, reviewBy("security", undefined), reviewBy("others", NOT_EVALUATED)], 1);
      expect(stagesOf(verdict)).toEqual(["sre", "security"]);
      expect(verdict).toMatchObject({ rule: "sre", grantSeconds: 300 });
      expect(verdict).toHaveProperty("review.terms", { editable: "", ownerMayApprove: false, breakGlass: undefined });
      const byDefault = policyOf([], { defaultReview: { ...review, stages: [{ ...stage, name: "oncall" }] } });
      expect(stagesOf(combine(byDefault, [easy], 1))).toEqual(["sre", "oncall"]);
      expect(stagesOf(combine(byDefault, [hit("a", "allow", NOT_EVALUATED), easy], 1))).toEqual(["sre", "oncall"]);
      expect(stagesOf(combine(byDefault, [hit("a", "allow"), hit("b", "allow", NOT_EVALUATED), easy], 1))).toEqual(["sre", "oncall"]);
      expect(stagesOf(combine(byDefault, [reviewBy("security", undefined), easy], 1))).toEqual(["security"]);
      expect(stagesOf(combine(byDefault, [hit("a", "allow"), easy], 1))).toEqual(["sre"]);
    });

    it("what both let people do in the same way, they may", () => {
      const same = combine(without, [easy, { ...easy, doubt: undefined }, reviewBy("last", undefined)], 1);
      const two = [easy, reviewBy("security", undefined, 300, { ...review.terms, ...easyTerms })];
      expect(stagesOf(same)).toEqual(["sre"]);
      expect(combine(without, two, 1)).toHaveProperty("review.terms", easyTerms);
    });

    it("the same people are not asked twice", () => {
      expect(combine(withDefault, [hit("a", "review", NOT_EVALUATED)], 1)).toMatchObject({
        outcome: "review",
        rule: "a",
        review,
        grantSeconds: 60,
      });
    });

    it("what would be denied without it is denied, and so is what would ask too many", () => {
      const denied = {
        outcome: "deny",
        rule: "",
        reasons: [
          "a rule that reviews may be meant, as no environment is given: denied",
          'rule "sre" may be meant, as no environment is given',
        ],
      };
      expect(combine(without, [easy], 1)).toMatchObject(denied);
      const many = Array.from({ length: 10 }, (_, index) => reviewBy(`g${index}`, NOT_EVALUATED));
      for (const document of [without, withDefault])
        expect(combine(document, [...many, reviewBy("last", undefined)], 1)).toMatchObject({ outcome: "deny", rule: "" });
      expect(stagesOf(combine(without, [...many.slice(1), reviewBy("last", undefined)], 1))).toHaveLength(10);
    });
  });

  it("gives a reason even when the rule has none", () => {
    const bare = { rule: rule("a", "allow", { reason: undefined }), doubt: undefined };
    expect(combine(without, [bare], 1).reasons).toEqual(['rule "a" says allow']);
  });

  it("P7: denies without a policy", () => {
    expect(NO_POLICY).toMatchObject({ outcome: "deny", revision: 0 });
  });
});

const hits = fc
  .array(fc.tuple(fc.constantFrom("allow", "review", "deny"), fc.constantFrom(undefined, NOT_EVALUATED)), { maxLength: 8 })
  .map((kinds) => kinds.map(([kind, doubt], index) => hit(`r${index}`, kind, doubt)));

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

  it("P7: never allows when anything is in doubt", () => {
    fc.assert(
      fc.property(hits, fc.constantFrom(withDefault, without), (given, document) => {
        if (given.some(({ doubt }) => doubt !== undefined)) expect(combine(document, given, 1).outcome).not.toBe("allow");
      }),
    );
  });

  it("P1: allows only by a rule that matched and says so", () => {
    fc.assert(
      fc.property(hits, fc.constantFrom(withDefault, without), (given, document) => {
        const verdict = combine(document, given, 1);
        if (verdict.outcome !== "allow") return;
        const decided = given.find(({ rule: { name } }) => name === verdict.rule);
        expect(decided).toMatchObject({ doubt: undefined, rule: { decision: DECISIONS.allow } });
      }),
    );
  });
});

describe("the resource's owner", () => {
  const owned = {
    ...review,
    stages: [{ ...stage, quorum: { kind: "at_least", count: 1, of: [{ kind: "resource_owner" }] } as const }],
  };
  const asked = (owner: JsonValue) => {
    const verdict = combine(policyOf([], { defaultReview: owned }), [], 1);
    return boundToInput(verdict, { ...input, resource: { ...input.resource, properties: { owner } } });
  };

  it.each<[string, JsonValue, string]>([
    ["who is named", "ada", "ada"],
    ["whoever has the longest name that a person can have", "a".repeat(MAX_PERSON), "a".repeat(MAX_PERSON)],
    ["nobody, where none is named", null, ""],
    ["nobody, where the name is longer than a person's: each stage would carry it", "a".repeat(MAX_PERSON + 1), ""],
  ])("P7: is %s", (_who, owner, id) => {
    expect(asked(owner)).toHaveProperty("review.stages[0].quorum.of", [{ kind: "person", id }]);
  });

  it("P7: is asked in a later stage, beside others and when it escalates as well", () => {
    const [dba, owner] = [{ kind: "group", name: "dba" }, { kind: "resource_owner" }] as const;
    const bound = (later: Partial<Stage>) => {
      const spec = { ...review, stages: [stage, { ...stage, ...later }] };
      const verdict = combine(policyOf([], { defaultReview: spec }), [], 1);
      return boundToInput(verdict, { ...input, resource: { ...input.resource, properties: { owner: "ada" } } });
    };
    const named = [dba, { kind: "person", id: "ada" }];
    expect(bound({ quorum: { kind: "at_least", count: 1, of: [dba, owner] } })).toHaveProperty("review.stages[1].quorum.of", named);
    expect(bound({ escalation: { afterSeconds: 60, to: [dba, owner] } })).toHaveProperty("review.stages[1].escalation", {
      afterSeconds: 60,
      to: named,
    });
  });
});
