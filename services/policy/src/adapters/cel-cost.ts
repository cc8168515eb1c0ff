import type { InputSize } from "./cel-values.ts";
import { childrenOf, type Expr } from "./cel-walk.ts";

/**
 * An upper bound on the steps that an expression takes, as a function of how large the input is. CEL has no loops but those over
 * collections, so it is known before anything runs: each array holds what is to be multiplied by the longest collection to the power of
 * its index, and by what its name says.
 */
export type Cost = {
  readonly once: readonly number[];
  /** By the number of values in the input: comparing whole collections. */
  readonly byValues: readonly number[];
  /** By the longest text. */
  readonly byText: readonly number[];
  /** By the longest name or id, which no large parameter makes longer. */
  readonly byName: readonly number[];
  /** How much longer than in the input a collection or a text can get. */
  readonly growth: number;
  /** How many loops build a list, each of which can repeat its input. */
  readonly builders: number;
  /** Length of the longest list of scalars that it spells out. */
  readonly longestLiteral: number;
  /** Length of all texts that it spells out. */
  readonly literalText: number;
};

/** Functions that read a text from end to end, in steps for each character. What `+` joins is copied once, by whoever reads it first. */
const READS_TEXT: Readonly<Record<string, number>> = {
  "_+_": 0.05,
  contains: 0.1,
  startsWith: 0.05,
  endsWith: 0.05,
  size: 0.2,
  bytes: 0.2,
  string: 0.2,
};
/** These read no more of a text than what they compare it with has. */
const COMPARES = new Set(["_==_", "_!=_", "_<_", "_<=_", "_>_", "_>=_", "@in"]);
const COMPARING = 0.05;

/** Functions that take longer than a step, whatever they are given: the clock of a timezone that was not asked before takes the longest. */
const FIXED: Readonly<Record<string, number>> = { int: 4, uint: 4, double: 4, string: 4, timestamp: 25, duration: 25 };
/** Members that are names: short, and not among the parameters. */
const NAMED = new Set(["principal.id", "subject.id", "subject.type", "action.name", "resource.id", "resource.type"]);
const CLOCK = { here: 8, elsewhere: 400 };

export function costOf(expr: Expr): Cost {
  const totals = { growth: 1, builders: 0, longestLiteral: 0, literalText: 0 };
  return { ...walk(expr, totals), ...totals };
}

export function steps({ growth, builders, longestLiteral, literalText, ...terms }: Cost, size: InputSize): number {
  const longest = Math.max(size.longestCollection, longestLiteral) * growth;
  const values = size.values * growth * longest ** builders;
  return (
    polynomial(terms.once, longest) +
    polynomial(terms.byValues, longest) * values +
    polynomial(terms.byText, longest) * (size.longestText + literalText) * growth +
    polynomial(terms.byName, longest) * (size.longestName + literalText)
  );
}

type Terms = { readonly once: number[]; readonly byValues: number[]; readonly byText: number[]; readonly byName: number[] };
type Totals = { growth: number; builders: number; longestLiteral: number; literalText: number };

function walk(expr: Expr, totals: Totals): Terms {
  const terms: Terms = { once: [1], byValues: [], byText: [], byName: [] };
  addOwn(expr, terms, totals);
  for (const child of childrenOf(expr)) {
    const part = walk(child.expr, totals);
    const power = child.looped ? 1 : 0;
    add(terms.once, part.once, power);
    add(terms.byValues, part.byValues, power);
    add(terms.byText, part.byText, power);
    add(terms.byName, part.byName, power);
  }
  return terms;
}

/** What a node costs beside its parts. */
function addOwn(expr: Expr, terms: Terms, totals: Totals): void {
  const { exprKind } = expr;
  switch (exprKind.case) {
    case "callExpr": {
      const { function: name, target, args } = exprKind.value;
      if (["_==_", "_!=_", "@in"].includes(name) && !args.some(isLiteral)) add(terms.byValues, [1], 0);
      if (name === "_+_" && !args.some(isLiteral) && !appends(args)) totals.growth++;
      add(terms.once, [fixed(name, args)], 0);
      add(isName(target ?? args[0]) ? terms.byName : terms.byText, [textWeight(name, args)], 0);
      return;
    }
    case "constExpr":
      totals.literalText += textLength(expr);
      return;
    case "listExpr": {
      const { length } = exprKind.value.elements;
      if (isLiteral(expr)) totals.longestLiteral = Math.max(totals.longestLiteral, length);
      else totals.growth += Math.max(0, length - 1);
      return;
    }
    case "structExpr":
      totals.growth += exprKind.value.entries.length;
      return;
    case "comprehensionExpr":
      // map and filter build their list by appending, and reading such a list walks through every append for every element.
      if (exprKind.value.accuInit?.exprKind.case !== "listExpr") return;
      totals.builders++;
      add(terms.once, [1], 2);
      return;
    default:
  }
}

/** A scalar, or a list of nothing but scalars: nothing from the input is repeated by it. */
function isLiteral({ exprKind }: Expr): boolean {
  return exprKind.case === "constExpr" || (exprKind.case === "listExpr" && exprKind.value.elements.every(isLiteral));
}

/** Text and bytes. */
function textLength({ exprKind }: Expr): number {
  const constant = exprKind.case === "constExpr" ? exprKind.value.constantKind : undefined;
  return constant?.case === "stringValue" || constant?.case === "bytesValue" ? constant.value.length : 0;
}

/** `resource.id` and its like; no loop gives these names to anything else. */
function isName(expr: Expr | undefined): boolean {
  const select = expr?.exprKind.case === "selectExpr" ? expr.exprKind.value : undefined;
  const operand = select?.operand?.exprKind;
  return operand?.case === "identExpr" && NAMED.has(`${operand.value.name}.${select?.field ?? ""}`);
}

function fixed(name: string, args: readonly Expr[]): number {
  if (name.startsWith("get")) return args.length === 0 ? CLOCK.here : CLOCK.elsewhere;
  return FIXED[name] ?? 0;
}

function textWeight(name: string, args: readonly Expr[]): number {
  if (name === "matches") return patternWeight(args.at(-1));
  if (COMPARES.has(name)) return args.some(isLiteral) ? 0 : COMPARING;
  return name === "_+_" && appends(args) ? 0 : (READS_TEXT[name] ?? 0);
}

/** RE2 follows every state for each character: the length of the pattern, as often as it repeats itself (RE2 refuses more than 1,000 times). */
function patternWeight(pattern: Expr | undefined): number {
  const constant = pattern?.exprKind.case === "constExpr" ? pattern.exprKind.value.constantKind : undefined;
  if (constant?.case !== "stringValue") return Number.POSITIVE_INFINITY;
  const repeats = [...constant.value.matchAll(/\{(\d*),?(\d*)\}/g)].map(([, low, high]) => Math.max(1, Number(low), Number(high)));
  return (
    0.2 *
    (constant.value.length + 1) *
    Math.min(
      1000,
      repeats.reduce((product, times) => product * times, 1),
    )
  );
}

/** The `+` that map and filter are made of: it links one element to the list so far. Nobody can write its name, which starts with @. */
function appends(args: readonly Expr[]): boolean {
  const list = args[0]?.exprKind;
  return list?.case === "identExpr" && list.value.name.startsWith("@");
}

function add(into: number[], what: readonly number[], power: number): void {
  while (into.length < what.length + power) into.push(0);
  for (const [index, coefficient] of what.entries()) into[index + power] = (into[index + power] ?? 0) + coefficient;
}

function polynomial(coefficients: readonly number[], n: number): number {
  return coefficients.reduceRight((value, coefficient) => value * n + coefficient, 0);
}
