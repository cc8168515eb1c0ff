import { canonicalJson, type JsonObject, type JsonValue } from "@countersign/digest";

/** A member of a rule, or of the document: what it was, what it is; absent: it is not there. */
export type MemberChange = { readonly member: string; readonly was?: JsonValue; readonly is?: JsonValue };

/** What changed in one rule, or in what is no rule (then `rule` is absent). */
export type PolicyChange = {
  readonly rule?: string;
  readonly kind: "added" | "removed" | "changed" | "moved";
  /** Of what moved: the rule that it comes after now, if it is not the first. */
  readonly after?: string;
  readonly members: readonly MemberChange[];
};

/**
 * What changed from one policy document to another, by what they say: comments, quotes and the order of members are no change. Rules, stages and other things with a
 * name are the same if they have the same name. The order of rules counts, as among equals the first one decides: what changed its place among the rules
 * that both have is told.
 */
export function policyChanges(was: JsonValue, is: JsonValue): readonly PolicyChange[] {
  const [before, now] = [partsOf(was), partsOf(is)];
  const document = changedMembers(before.rest, now.rest);
  return [
    ...(document.length === 0 ? [] : [{ kind: "changed", members: document } as const]),
    ...Array.from(now.rules).flatMap(([rule, value]): readonly PolicyChange[] => {
      const earlier = before.rules.get(rule);
      const members = changedMembers(earlier, value);
      if (earlier === undefined) return [{ rule, kind: "added", members }];
      return members.length === 0 ? [] : [{ rule, kind: "changed", members }];
    }),
    ...Array.from(before.rules)
      .filter(([rule]) => !now.rules.has(rule))
      .map(([rule, value]): PolicyChange => ({ rule, kind: "removed", members: changedMembers(value, undefined) })),
    ...moved([...before.rules.keys()], [...now.rules.keys()]),
  ];
}

function partsOf(document: JsonValue): { readonly rules: ReadonlyMap<string, JsonValue>; readonly rest: JsonValue } {
  if (!isObject(document)) return { rules: new Map(), rest: document };
  const { rules = [], ...rest } = document;
  const named = byName(rules);
  return named === undefined ? { rules: new Map(), rest: document } : { rules: named, rest };
}

/** Those that keep their order need no word: they are as many as can be. */
function moved(was: readonly string[], is: readonly string[]): readonly PolicyChange[] {
  const common = is.filter((rule) => was.includes(rule));
  const placesBefore = common.map((rule) => was.indexOf(rule));
  const kept = longestAscending(placesBefore);
  return common
    .filter((_, index) => !kept.has(index))
    .map((rule) => {
      const after = is[is.indexOf(rule) - 1];
      return { rule, kind: "moved", ...(after !== undefined && { after }), members: [] };
    });
}

/** Indexes of a longest ascending subsequence. */
function longestAscending(numbers: readonly number[]): ReadonlySet<number> {
  const best: { readonly length: number; readonly before: number }[] = [];
  for (const number of numbers) {
    const before = best.reduce(
      (found, { length }, at) => ((numbers[at] ?? 0) < number && length > (best[found]?.length ?? 0) ? at : found),
      -1,
    );
    best.push({ length: (best[before]?.length ?? 0) + 1, before });
  }
  const kept = new Set<number>();
  let at = best.reduce((found, { length }, index) => (length > (best[found]?.length ?? 0) ? index : found), -1);
  for (; at >= 0; at = best[at]?.before ?? -1) kept.add(at);
  return kept;
}

function changedMembers(was: JsonValue | undefined, is: JsonValue | undefined): readonly MemberChange[] {
  const [before, now] = [leavesOf(was), leavesOf(is)];
  return Array.from(new Map([...now, ...before])).flatMap(([path, { member }]): readonly MemberChange[] => {
    const [one, other] = [before.get(path)?.value, now.get(path)?.value];
    if (one !== undefined && other !== undefined && canonicalJson(one) === canonicalJson(other)) return [];
    return [{ member, ...(one !== undefined && { was: one }), ...(other !== undefined && { is: other }) }];
  });
}

type Leaf = { readonly member: string; readonly value: JsonValue };

/**
 * All that it says, down to what has no members with a name. By a path that no two leaves share: `member` is for people, and a name with a dot must not
 * hide another one.
 */
function leavesOf(value: JsonValue | undefined, member = "", path: readonly string[] = []): ReadonlyMap<string, Leaf> {
  if (value === undefined) return new Map();
  const below: readonly (readonly [step: string, member: string, value: JsonValue])[] = isObject(value)
    ? Object.entries(value).map(([name, each]) => [`.${name}`, member === "" ? name : `${member}.${name}`, each])
    : Array.from(byName(value) ?? [], ([name, each]) => [`[${name}`, `${member}[${name}]`, each]);
  if (below.length === 0) return new Map([[JSON.stringify(path), { member, value }]]);
  return new Map(below.flatMap(([step, name, each]) => [...leavesOf(each, name, [...path, step])]));
}

/** A list of things with a name each, all different: rules and stages have names, risks are told apart by their reasons. Undefined: no such list. */
function byName(value: JsonValue): ReadonlyMap<string, JsonValue> | undefined {
  if (!Array.isArray(value)) return undefined;
  const list = value as readonly JsonValue[];
  const named = new Map(list.flatMap((each) => (isObject(each) ? [[each["name"] ?? each["reason"], each] as const] : [])));
  const names = [...named.keys()].filter((name) => typeof name === "string");
  return names.length === list.length ? (named as ReadonlyMap<string, JsonValue>) : undefined;
}

function isObject(value: JsonValue): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
