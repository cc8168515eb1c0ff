import { z } from "zod";
import { compilePolicy, type CompiledPolicy } from "../domain/evaluate.ts";
import { compileConditions, type ConditionProblem } from "./cel-conditions.ts";
import { toPolicyDocument } from "./document-from-text.ts";
import { documentSchema, MAX_CONDITION_LENGTH, MAX_RISKS, MAX_RULES } from "./document-schema.ts";
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
  const parsed = documentSchema.safeParse(yaml.value, { error: unknownMember });
  if (!parsed.success) {
    const rules = conditionsOf(yaml.value, "rules", MAX_RULES);
    const conditions = compileConditions([...rules, ...conditionsOf(yaml.value, "risk", MAX_RISKS)]);
    return refuse(
      [...structureProblems(parsed.error.issues), ...(conditions.ok ? [] : conditionProblems(conditions.problems, rules.length))],
      located(yaml),
    );
  }
  const document = toPolicyDocument(parsed.data);
  const conditions = compileConditions([...document.rules, ...document.risk].map(({ when }) => when));
  if (!conditions.ok) return refuse(conditionProblems(conditions.problems, document.rules.length), located(yaml));
  return { ok: true, policy: compilePolicy(document, conditions.conditions) };
}

type PathProblem = { readonly path: readonly PathSegment[]; readonly message: string };

function structureProblems(issues: readonly z.core.$ZodIssue[]): readonly PathProblem[] {
  return issues.flatMap((issue) => {
    const path = issue.path.filter((segment): segment is PathSegment => typeof segment !== "symbol");
    if (issue.code !== "unrecognized_keys") return [{ path, message: withFix(issue.message) }];
    return issue.keys.map((key) => ({ path: [...path, key], message: issue.message }));
  });
}

/** The schema that the issue is of knows what could have been meant. */
function unknownMember({ code, inst }: z.core.$ZodRawIssue): string | undefined {
  if (code !== "unrecognized_keys") return undefined;
  return inst instanceof z.ZodObject ? `unknown member; known are ${Object.keys(inst.shape).join(", ")}` : "unknown member";
}

/** A text that YAML takes for something else, and one item where a list belongs, are the usual slips. */
function withFix(message: string): string {
  const [, expected, received] = /^Invalid input: expected (\w+), received (\w+)$/.exec(message) ?? [];
  if (received === "undefined") return "is required";
  if (expected === "string") return `must be a text; put it in quotes, as it is a ${received} without`;
  if (expected === "array") return `must be a list, such as [a, b]; it is a ${received}`;
  const [, options] = /^Invalid option: expected one of (.*)$/.exec(message) ?? [];
  return options === undefined ? message : `must be one of ${options.replaceAll("|", ", ").replaceAll('"', "")}`;
}

/** Conditions of rules come first, those of risks after them. */
function conditionProblems(problems: readonly ConditionProblem[], rules: number): readonly PathProblem[] {
  return problems.map(({ index, message }) => ({
    path: index < rules ? ["rules", index, "when"] : ["risk", index - rules, "when"],
    message,
  }));
}

/** The conditions of a document whose structure may be wrong, so that all problems are told at once. */
function conditionsOf(value: unknown, member: "rules" | "risk", most: number): readonly (string | undefined)[] {
  return itemsOf(memberOf(value, member))
    .slice(0, most)
    .map((item) => stringOf(memberOf(item, "when")))
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
