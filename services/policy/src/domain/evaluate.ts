import type { Outcome, PolicyDocument, Rule } from "./document.ts";
import type { EvaluationInput } from "./input.ts";
import { compileDoubt, compileMatch, type Doubt, type Mismatch } from "./match.ts";
import { riskOf, riskScore } from "./risk.ts";
import { createRuleIndex, type RuleIndex } from "./rule-index.ts";
import { boundToInput, combine, NOT_EVALUATED, type RuleHit, type Verdict } from "./verdict.ts";

/** Why a condition gave no boolean. It may quote the caller's input, so it is shown and never recorded. */
export type ConditionFailure = { readonly failure: string };

/**
 * Conditions of a document, ready to run: bound to one input first, so that what they share is prepared once. Those of the rules come
 * first, those of the risks after them.
 */
export type Conditions = (input: EvaluationInput) => (index: number) => boolean | ConditionFailure;

/** A document with everything that can be prepared before the first request. */
export type CompiledPolicy = {
  readonly document: PolicyDocument;
  readonly index: RuleIndex;
  readonly mismatches: readonly Mismatch[];
  readonly doubts: readonly Doubt[];
  readonly conditions: Conditions;
};

/** How one rule fared. */
export type RuleTrace = { readonly rule: string; readonly matched: boolean; readonly outcome: Outcome; readonly note: string };

export function compilePolicy(document: PolicyDocument, conditions: Conditions): CompiledPolicy {
  return {
    document,
    index: createRuleIndex(document.rules),
    mismatches: document.rules.map((rule) => compileMatch(rule.match, rule.decision.outcome)),
    doubts: document.rules.map((rule) => compileDoubt(rule.match)),
    conditions,
  };
}

/** The verdict on one input. Looks only at rules whose action patterns fit. */
export function evaluate(policy: CompiledPolicy, input: EvaluationInput, revision: number): Verdict {
  return verdictOf(policy, input, revision, policy.conditions(input));
}

type ConditionOf = ReturnType<Conditions>;

function verdictOf(policy: CompiledPolicy, input: EvaluationInput, revision: number, conditionOf: ConditionOf): Verdict {
  const risk = riskOf(policy.document, conditionOf);
  const score = riskScore(risk);
  const hits: RuleHit[] = [];
  for (const index of policy.index.candidates(input.action.name)) {
    const rule = policy.document.rules[index];
    if (rule === undefined || policy.mismatches[index]?.(input, score) !== undefined) continue;
    const held = rule.when === undefined || conditionOf(index);
    if (held !== false) hits.push({ rule, doubt: held === true ? policy.doubts[index]?.(input) : NOT_EVALUATED });
  }
  return boundToInput(combine(policy.document, hits, revision, risk), input);
}

/** The same verdict, with how every rule fared. */
export function explain(
  policy: CompiledPolicy,
  input: EvaluationInput,
  revision: number,
): { readonly verdict: Verdict; readonly rules: readonly RuleTrace[] } {
  const conditionOf = once(policy.conditions(input));
  const score = riskScore(riskOf(policy.document, conditionOf));
  const candidates = new Set(policy.index.candidates(input.action.name));
  const rules = policy.document.rules.map((rule, index): RuleTrace => {
    const trace = (matched: boolean, note: string) => ({ rule: rule.name, matched, outcome: rule.decision.outcome, note });
    if (!candidates.has(index)) return trace(false, "another action");
    const note = policy.mismatches[index]?.(input, score);
    if (note !== undefined) return trace(false, note);
    const held = rule.when === undefined || conditionOf(index);
    if (held === true) return trace(true, policy.doubts[index]?.(input) ?? "");
    if (typeof held === "boolean") return trace(held, held ? "" : "its condition is false");
    return trace(rule.decision.outcome !== "allow", failureNote(rule, held.failure));
  });
  const verdict = verdictOf(policy, input, revision, conditionOf);
  return { verdict, rules: rules.map((trace) => ({ ...trace, note: trace.note || shadowNote(trace, rules, verdict) })) };
}

/** Why a rule that holds does not decide. What is asked beside a rule in doubt does. */
function shadowNote({ rule, matched, outcome }: RuleTrace, rules: readonly RuleTrace[], verdict: Verdict): string {
  const winner = rules.find((one) => one.rule === verdict.rule);
  if (!matched || winner === undefined || winner.rule === rule) return "";
  if (winner.outcome !== outcome) return `"${winner.rule}" is stricter, and decides`;
  return winner.note === "" ? `"${winner.rule}" comes first, and decides` : "";
}

/** Each condition takes its time once, and has one answer. */
function once(conditionOf: ConditionOf): ConditionOf {
  const answers = new Map<number, ReturnType<ConditionOf>>();
  return (index) => {
    const answer = answers.get(index) ?? conditionOf(index);
    answers.set(index, answer);
    return answer;
  };
}

function failureNote(rule: Rule, failure: string): string {
  const effects = {
    allow: "so nothing is allowed",
    review: "so it counts as matched, beside what holds without it",
    deny: "so it counts as matched",
  };
  return `its condition ${NOT_EVALUATED}, ${effects[rule.decision.outcome]}: ${failure}`;
}
