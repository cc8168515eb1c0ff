import { itemsOf, memberOf, stringOf } from "./member.ts";
import type { PathSegment } from "./problem.ts";

/** Every one may be tried for each action: measured, two microseconds. */
const MAX_PATTERNS = 10_000;

type CrossProblem = { readonly path: readonly PathSegment[]; readonly message: string };

/**
 * What is wrong between the parts of a document. Looks at the text as it is, which may have the wrong shape elsewhere, so that all problems
 * are told at once.
 */
export function crossProblems(document: unknown): readonly CrossProblem[] {
  const rules = itemsOf(memberOf(document, "rules"));
  const names = rules.map((rule) => stringOf(memberOf(rule, "name"))?.trim());
  const hasDefault = memberOf(memberOf(document, "defaults"), "review") !== undefined;
  const undecided = (rule: unknown) => memberOf(rule, "outcome") === "review" && memberOf(rule, "review") === undefined && !hasDefault;
  const binding = itemsOf(memberOf(document, "binding_context")).map(stringOf);
  return [
    ...repeated(names).map((index) => ({ path: ["rules", index, "name"], message: "another rule has this name" })),
    ...rules.flatMap((rule, index) =>
      undecided(rule) ? [{ path: ["rules", index, "review"], message: "is needed, as there is no defaults.review" }] : [],
    ),
    ...tooManyPatterns(rules),
    ...repeated(binding).map((index) => ({ path: ["binding_context", index], message: "is given twice" })),
  ];
}

/** Aliases let a short document have very many. */
function tooManyPatterns(rules: readonly unknown[]): readonly CrossProblem[] {
  const lists = rules.map((rule) => memberOf(rule, "match")).flatMap((match) => [memberOf(match, "actions"), memberOf(match, "resources")]);
  const patterns = lists.reduce((sum: number, list) => sum + itemsOf(list).length, 0);
  if (patterns <= MAX_PATTERNS) return [];
  return [
    { path: ["rules"], message: `have ${patterns} patterns of actions and resources, aliases included; at most ${MAX_PATTERNS} are taken` },
  ];
}

/** Indices of the names that repeat an earlier one. */
export function repeated(names: readonly (string | undefined)[]): readonly number[] {
  const seen = new Set<string>();
  return names.flatMap((name, index) => {
    if (name === undefined) return [];
    if (seen.has(name)) return [index];
    seen.add(name);
    return [];
  });
}
