import { isCelError, parse, plan } from "@bufbuild/cel";
import type { ConditionFailure, Conditions } from "../domain/evaluate.ts";
import type { EvaluationInput } from "../domain/input.ts";
import { checkExpression, type PatternBudget } from "./cel-check.ts";
import { costOf, steps, type Cost } from "./cel-cost.ts";
import { celEnvironment } from "./cel-environment.ts";
import { syntaxProblem } from "./cel-syntax.ts";
import { CelValues } from "./cel-values.ts";

/** Steps that the conditions of one evaluation may take together: measured, a tenth of a second at worst. */
const MAX_STEPS = 400_000;

const MAX_FAILURE = 300;

/** What is wrong with the condition at this index. */
export type ConditionProblem = { readonly index: number; readonly message: string };

type Condition = { readonly run: (values: CelValues) => unknown; readonly cost: Cost };

/** Parses, checks and plans the conditions of a document, once; those that are absent are undefined. */
export function compileConditions(
  sources: readonly (string | undefined)[],
): { readonly ok: true; readonly conditions: Conditions } | { readonly ok: false; readonly problems: readonly ConditionProblem[] } {
  const compiled: (Condition | undefined)[] = [];
  const problems: ConditionProblem[] = [];
  const budget: PatternBudget = { states: 0 };
  for (const [index, source] of sources.entries()) {
    const condition = source === undefined ? undefined : compileCondition(source, budget);
    if (Array.isArray(condition)) problems.push(...condition.map((message) => ({ index, message })));
    else compiled[index] = condition;
  }
  return problems.length > 0 ? { ok: false, problems } : { ok: true, conditions: (input) => bind(compiled, input) };
}

function compileCondition(source: string, budget: PatternBudget): Condition | string[] {
  try {
    const parsed = parse(source);
    const problems = checkExpression(parsed.expr, budget);
    if (problems.length > 0) return [...problems];
    return { run: plan(celEnvironment, parsed), cost: costOf(parsed.expr) };
  } catch (error) {
    if (error instanceof RangeError) return ["is nested too deeply or has an invalid code point"];
    return [error instanceof Error ? syntaxProblem(source, error.message) : "is not CEL"];
  }
}

function bind(compiled: readonly (Condition | undefined)[], input: EvaluationInput): (rule: number) => boolean | ConditionFailure {
  let values: CelValues | undefined;
  let left = MAX_STEPS;
  const answer = (condition: Condition): boolean | ConditionFailure => {
    values ??= new CelValues(input);
    left -= steps(condition.cost, values.size);
    if (left < 0) return { failure: "the input is too large for the conditions of this policy" };
    const result = condition.run(values);
    if (typeof result === "boolean") return result;
    return failed(isCelError(result) ? result.message : "the condition is neither true nor false");
  };
  return (rule) => {
    const condition = compiled[rule];
    if (condition === undefined) return { failure: "there is no such condition" };
    const { stackTraceLimit } = Error;
    // In a loop each element can fail, and nobody reads where: a trace takes ten times as long as all else.
    Error.stackTraceLimit = 0;
    try {
      return answer(condition);
    } catch (error) {
      return failed(error instanceof Error ? error.message : "the condition failed");
    } finally {
      Error.stackTraceLimit = stackTraceLimit;
    }
  };
}

/** Shortened, as it may quote a text of the caller's, once for each rule. */
function failed(message: string): ConditionFailure {
  return { failure: message.length <= MAX_FAILURE ? message : `${message.slice(0, MAX_FAILURE).toWellFormed()}…` };
}
