import { celEnvironment, CEL_VARIABLES, compilePattern } from "./cel-environment.ts";
import { mistakes } from "./cel-mistakes.ts";
import { childrenOf, type Expr } from "./cel-walk.ts";
import { patternSize } from "./pattern-size.ts";

const MAX_NODES = 500;
const MAX_DEPTH = 64;
const MAX_LOOP_DEPTH = 2;
/** Of all patterns of a document: measured, a microsecond and 300 bytes each. */
const MAX_STATES = 50_000;

/** What the conditions of one document share. */
export type PatternBudget = { states: number };

const MEMBERS: Readonly<Record<string, readonly string[] | undefined>> = {
  principal: ["tenant", "type", "issuer", "id", "groups", "roles", "chain", "owner"],
  subject: ["type", "id", "properties"],
  action: ["name", "properties"],
  resource: ["type", "id", "properties"],
};
const TYPE_NAMES = new Set(["bool", "bytes", "double", "int", "list", "map", "null_type", "string", "type", "uint"]);
const PLANNED_OPERATORS = new Set(["_[_]", "_?_:_", "_&&_", "_||_", "@not_strictly_false"]);

/** What can be told to be wrong with a condition before it runs. The library's type checker is not public, so this looks for the usual slips. */
export function checkExpression(root: Expr, budget: PatternBudget): readonly string[] {
  const problems = new Set<string>();
  let nodes = 0;
  const walk = (expr: Expr, scope: ReadonlySet<string>, depth: number, loops: number): void => {
    nodes++;
    if (depth > MAX_DEPTH) problems.add(`is nested more than ${MAX_DEPTH} deep`);
    if (loops > MAX_LOOP_DEPTH) problems.add(`has more than ${MAX_LOOP_DEPTH} loops inside of each other`);
    if (problems.size > 20 || nodes > MAX_NODES || depth > MAX_DEPTH) return;
    for (const problem of nodeProblems(expr, scope, budget)) problems.add(problem);
    for (const child of childrenOf(expr)) {
      for (const name of child.binds) if (Object.hasOwn(CEL_VARIABLES, name)) problems.add(`a loop cannot call its elements "${name}"`);
      const inner = child.binds.length === 0 ? scope : new Set([...scope, ...child.binds]);
      walk(child.expr, inner, depth + 1, loops + (child.looped ? 1 : 0));
    }
  };
  walk(root, new Set(), 0, 0);
  if (nodes > MAX_NODES) problems.add(`has more than ${MAX_NODES} parts`);
  if (problems.size === 0) for (const problem of mistakes(root)) problems.add(problem);
  if (problems.size === 0 && !canBeBoolean(root)) problems.add("can never be true or false");
  return [...problems];
}

function nodeProblems(expr: Expr, scope: ReadonlySet<string>, budget: PatternBudget): readonly string[] {
  const { exprKind } = expr;
  switch (exprKind.case) {
    case "identExpr": {
      const { name } = exprKind.value;
      if (scope.has(name) || Object.hasOwn(CEL_VARIABLES, name) || TYPE_NAMES.has(name)) return [];
      return [`unknown name "${name}"; known are ${Object.keys(CEL_VARIABLES).join(", ")}`];
    }
    case "selectExpr":
      return memberProblems(exprKind.value.operand, exprKind.value.field, scope);
    case "callExpr":
      return callProblems(exprKind.value.function, exprKind.value.args, budget);
    case "structExpr":
      return exprKind.value.messageName === "" ? [] : [`cannot build a ${exprKind.value.messageName}`];
    default:
      return [];
  }
}

/** A misspelt member of what we define ourselves; properties and context are the caller's. */
function memberProblems(operand: Expr | undefined, field: string, scope: ReadonlySet<string>): readonly string[] {
  if (operand?.exprKind.case !== "identExpr") return [];
  const { name } = operand.exprKind.value;
  const members = scope.has(name) || !Object.hasOwn(MEMBERS, name) ? undefined : MEMBERS[name];
  if (members === undefined || members.includes(field)) return [];
  return [`${name} has no member "${field}"; it has ${members.join(", ")}`];
}

function callProblems(name: string, args: readonly Expr[], budget: PatternBudget): readonly string[] {
  if (PLANNED_OPERATORS.has(name)) return [];
  if (celEnvironment.funcs.find(name) === undefined) return [`unknown function "${name}"`];
  if (name !== "matches") return [];
  const pattern = args.at(-1)?.exprKind;
  if (pattern?.case !== "constExpr" || pattern.value.constantKind.case !== "stringValue") return ["matches needs a literal pattern"];
  const text = pattern.value.constantKind.value;
  budget.states += patternSize(text);
  if (budget.states > MAX_STATES)
    return [`the patterns of this policy have more than ${MAX_STATES} states, repetitions counted; repeat less`];
  try {
    compilePattern(text);
    return [];
  } catch (error) {
    return [error instanceof Error ? error.message : "matches needs an RE2 pattern"];
  }
}

const NEVER_BOOLEAN = new Set([
  "_+_",
  "_-_",
  "_*_",
  "_/_",
  "_%_",
  "-_",
  "size",
  "int",
  "uint",
  "double",
  "bytes",
  "string",
  "timestamp",
  "duration",
  "type",
]);

function canBeBoolean(expr: Expr): boolean {
  const { exprKind } = expr;
  switch (exprKind.case) {
    case "constExpr":
      return exprKind.value.constantKind.case === "boolValue";
    case "listExpr":
    case "structExpr":
    case "identExpr":
      return false;
    case "callExpr": {
      const { function: name, args } = exprKind.value;
      if (name === "_&&_" || name === "_||_" || name === "!_") return args.every((arg) => canBeBoolean(arg));
      if (name === "_?_:_") return args.slice(1).every((arg) => canBeBoolean(arg));
      return !NEVER_BOOLEAN.has(name) && !name.startsWith("get");
    }
    case "selectExpr": {
      const root = exprKind.value.testOnly ? undefined : exprKind.value.operand?.exprKind;
      return !(root?.case === "identExpr" && Object.hasOwn(MEMBERS, root.value.name));
    }
    default:
      return true;
  }
}
