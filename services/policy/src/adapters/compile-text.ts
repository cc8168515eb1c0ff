import type { z } from "zod";
import { compilePolicy, type CompiledPolicy } from "../domain/evaluate.ts";
import { compileConditions, type ConditionProblem } from "./cel-conditions.ts";
import { toPolicyDocument } from "./document-from-text.ts";
import { documentSchema, MAX_CONDITION_LENGTH, MAX_RULES } from "./document-schema.ts";
import { itemsOf, memberOf, stringOf } from "./member.ts";
import { formatPath, type PathSegment, type Problem } from "./problem.ts";
import { readYaml, type YamlText } from "./yaml-text.ts";

const MAX_PROBLEMS = 50;

export type Compiled =
  | { readonly ok: true; readonly policy: CompiledPolicy }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** Turns a document's text into something that can decide, or says everything that is wrong with it. */
export function compileText(text: string): Compiled {
  const yaml = readYaml(text);
  if (!yaml.ok) return refuse(yaml.problems, (problem) => problem);
  const parsed = documentSchema.safeParse(yaml.value);
  if (!parsed.success) {
    const conditions = compileConditions(conditionsOf(yaml.value));
    return refuse(
      [...structureProblems(parsed.error.issues), ...(conditions.ok ? [] : conditionProblems(conditions.problems))],
      located(yaml),
    );
  }
  const document = toPolicyDocument(parsed.data);
  const conditions = compileConditions(document.rules.map(({ when }) => when));
  if (!conditions.ok) return refuse(conditionProblems(conditions.problems), located(yaml));
  return { ok: true, policy: compilePolicy(document, conditions.conditions) };
}

type PathProblem = { readonly path: readonly PathSegment[]; readonly message: string };

function structureProblems(issues: readonly z.core.$ZodIssue[]): readonly PathProblem[] {
  return issues.flatMap((issue) => {
    const path = issue.path.filter((segment): segment is PathSegment => typeof segment !== "symbol");
    if (issue.code !== "unrecognized_keys")
      return [{ path, message: issue.message.replace(/^Invalid input: expected .*, received undefined$/, "is required") }];
    return issue.keys.map((key) => ({ path: [...path, key], message: "unknown member" }));
  });
}

function conditionProblems(problems: readonly ConditionProblem[]): readonly PathProblem[] {
  return problems.map(({ rule, message }) => ({ path: ["rules", rule, "when"], message }));
}

/** The conditions of a document whose structure may be wrong, so that all problems are told at once. */
function conditionsOf(value: unknown): readonly (string | undefined)[] {
  return itemsOf(memberOf(value, "rules"))
    .slice(0, MAX_RULES)
    .map((rule) => stringOf(memberOf(rule, "when")))
    .map((when) => (when !== undefined && when.trim() !== "" && when.length <= MAX_CONDITION_LENGTH ? when : undefined));
}

function located(yaml: Extract<YamlText, { ok: true }>): (problem: PathProblem) => Problem {
  return ({ path, message }) => ({ path: formatPath(path), message, line: yaml.lineOf(path) });
}

/** Finding a line takes a walk through the document, so it is done only for problems that are told. */
function refuse<Raw>(problems: readonly Raw[], toProblem: (raw: Raw) => Problem): Compiled {
  const told = problems.slice(0, MAX_PROBLEMS).map(toProblem);
  const rest = problems.length - told.length;
  return { ok: false, problems: rest === 0 ? told : [...told, { path: "", message: `and ${rest} more problems` }] };
}
