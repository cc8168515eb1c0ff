import { isCelError, plan } from "@bufbuild/cel";
import { create } from "@bufbuild/protobuf";
import { TimestampSchema } from "@bufbuild/protobuf/wkt";
import { celEnvironment } from "./cel-environment.ts";
import { childrenOf, type Expr } from "./cel-walk.ts";

/** Slips that leave a condition that can run, and can never mean what its author meant. */
export function mistakes(root: Expr): readonly string[] {
  const found: string[] = [];
  const walk = (expr: Expr): void => {
    if (isConstant(expr)) return void found.push(...constantProblem(expr));
    found.push(...callProblem(expr), ...comparisonProblem(expr));
    for (const child of childrenOf(expr)) walk(child.expr);
  };
  walk(root);
  return found;
}

/** A function that has no such form: `startsWith(a, b)` for `a.startsWith(b)`. */
function callProblem({ exprKind }: Expr): readonly string[] {
  if (exprKind.case !== "callExpr") return [];
  const { function: name, target, args } = exprKind.value;
  const forms = [...(celEnvironment.funcs.find(name) ?? [])];
  if (
    forms.length === 0 ||
    forms.some((form) => form.arguments.length === args.length && (form.target === undefined) === (target === undefined))
  )
    return [];
  const written = forms.map(
    (form) => `${form.target === undefined ? "" : "x."}${name}(${form.arguments.map((_, index) => "abc"[index]).join(", ")})`,
  );
  return [`"${name}" is written ${[...new Set(written)].join(" or ")}`];
}

/** What depends on no input is known now: a date that does not exist, `duration("1d")`, a timezone that is none. */
function constantProblem(expr: Expr): readonly string[] {
  const nothing = {
    principal: {},
    subject: {},
    action: {},
    resource: {},
    context: {},
    now: create(TimestampSchema, { seconds: 1_767_225_600n }),
  };
  const result = plan(celEnvironment, expr)(nothing);
  return isCelError(result) ? [`never can be evaluated: ${result.message}`] : [];
}

/** Nothing in it is the caller's, and it ends soon. */
function isConstant(expr: Expr): boolean {
  const { exprKind } = expr;
  if (exprKind.case === "identExpr") return exprKind.value.name === "now";
  if (exprKind.case === "comprehensionExpr" || (exprKind.case === "callExpr" && exprKind.value.function === "matches")) return false;
  return childrenOf(expr).every((child) => isConstant(child.expr));
}

const COMPARISONS = new Set(["_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_"]);
const LISTS = new Set(["principal.groups", "principal.roles", "principal.chain"]);
const TEXTS = new Set(
  ["tenant", "type", "issuer", "id"]
    .map((name) => `principal.${name}`)
    .concat("subject.type", "subject.id", "action.name", "resource.type", "resource.id"),
);
const PRINCIPAL_TYPES = ["human", "agent", "service"];

/** Values of different types are never equal and never in order, and no principal is of another type: a rule that forbids would never be heard. */
function comparisonProblem({ exprKind }: Expr): readonly string[] {
  if (exprKind.case !== "callExpr" || !COMPARISONS.has(exprKind.value.function)) return [];
  const { args } = exprKind.value;
  const name = args.map(nameOf).find((one) => one !== undefined) ?? "";
  const constant = args.map(constantOf).find((one) => one !== undefined);
  if (constant === undefined) return [];
  if (LISTS.has(name)) return [`${name} is a list and compares with no single value; write for example "dba" in ${name}`];
  if (TEXTS.has(name) && constant.case !== "stringValue") return [`${name} is a text and compares with nothing else; put it in quotes`];
  if (name === "principal.type" && constant.case === "stringValue" && !PRINCIPAL_TYPES.includes(constant.value))
    return [`principal.type is one of ${PRINCIPAL_TYPES.join(", ")}, never "${constant.value}"`];
  return [];
}

function nameOf({ exprKind }: Expr): string | undefined {
  const operand = exprKind.case === "selectExpr" ? exprKind.value.operand?.exprKind : undefined;
  return exprKind.case === "selectExpr" && operand?.case === "identExpr" ? `${operand.value.name}.${exprKind.value.field}` : undefined;
}

function constantOf({ exprKind }: Expr) {
  return exprKind.case === "constExpr" ? exprKind.value.constantKind : undefined;
}
