import type { Rule } from "./document.ts";
import { dottedGlob, isLiteralPattern } from "./glob.ts";

const REMEMBERED_NAMES = 2048;

/** Finds the rules whose action patterns fit, without trying all of them: most rules name their actions. */
export type RuleIndex = {
  /** Indices into the document's rules, in its order. */
  candidates(actionName: string): readonly number[];
};

export function createRuleIndex(rules: readonly Rule[]): RuleIndex {
  const literal = new Map<string, number[]>();
  const wildcard: { readonly rule: number; readonly matches: (name: string) => boolean }[] = [];
  for (const [rule, { match }] of rules.entries()) {
    for (const pattern of match.actions ?? ["**"]) {
      if (isLiteralPattern(pattern)) addTo(literal, pattern, rule);
      else wildcard.push({ rule, matches: dottedGlob(pattern) });
    }
  }
  const find = (name: string): readonly number[] => {
    const found = new Set(literal.get(name));
    for (const { rule, matches } of wildcard) if (matches(name)) found.add(rule);
    return [...found].sort((a, b) => a - b);
  };
  return { candidates: remember(find) };
}

/** In place: a document that names one action a hundred thousand times would hold every tenant up for seconds otherwise. */
function addTo(literal: Map<string, number[]>, name: string, rule: number): void {
  const rules = literal.get(name);
  if (rules === undefined) literal.set(name, [rule]);
  else if (rules.at(-1) !== rule) rules.push(rule);
}

/** Few names make up nearly all requests; callers choose them, so the memory is bounded. */
function remember(find: (name: string) => readonly number[]): (name: string) => readonly number[] {
  const known = new Map<string, readonly number[]>();
  return (name) => {
    const hit = known.get(name);
    if (hit !== undefined) return hit;
    const found = find(name);
    if (known.size >= REMEMBERED_NAMES) known.clear();
    known.set(name, found);
    return found;
  };
}
