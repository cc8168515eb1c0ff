import type { DecidedOn } from "./review-source.ts";
import type { ShownMembers } from "./shown-members.ts";
import { shownParts, type ShownParts } from "./shown-parts.ts";
import type { ShownText, TextHash } from "./shown-text.ts";

/** Changes with every change of what the same action looks like. */
const VIEW_VERSION = 3;

/**
 * Names what a reviewer decides on as it is shown: the rendered parameters with their redactions, what the requester claims, who asked, the rule, its
 * reasons and the risk. Not who has voted so far: other people's votes make no view stale. Nor comments and claims: they change nothing of what would
 * run, and if they made votes stale, an agent that goes on writing could keep everybody from deciding. An open question is shown instead. The same for every channel, however much of
 * the view it has room for. Lower-case hex SHA-256.
 * @param parts of this source, if they are at hand.
 */
export function shownDigest(source: DecidedOn, sha256: TextHash, parts: ShownParts = shownParts(source, sha256)): string {
  return sha256(JSON.stringify([VIEW_VERSION, source.tenant, source.id, source.digest, ...named(parts)]));
}

/** Names of what is shown differently now: `parameters.limit`, `requested by`. Sorted. */
export function changedParts(before: DecidedOn, after: DecidedOn, sha256: TextHash): readonly string[] {
  const [old, now] = [byName(named(shownParts(before, sha256))), byName(named(shownParts(after, sha256)))];
  const names = new Set([...old.keys(), ...now.keys()]);
  return [...names].filter((name) => old.get(name) !== now.get(name)).sort();
}

type Part = readonly [name: string, shown: string];

/** In an order that does not depend on that of the members of the input. */
function named({ title, about, parameters, claims }: ShownParts): readonly Part[] {
  const members = (section: string, { members: all }: ShownMembers): Part[] =>
    all.map(({ path, value, redacted }): Part => [`${section} ${text(path)}`, JSON.stringify([text(value), redacted])]).sort(byFirst);
  return [
    ["title", text(title)],
    ...about.map(({ label, value }): Part => [label, text(value)]),
    ...members("shown", parameters),
    ...members("claimed", claims),
  ];
}

function text({ text: head, cut, notes }: ShownText): string {
  // What JSON.stringify makes of it, for most texts.
  if (cut === undefined && notes.length === 0) return `[${JSON.stringify(head)},null,[]]`;
  return JSON.stringify([head, cut ?? null, notes]);
}

function byFirst([one]: Part, [other]: Part): number {
  return one < other ? -1 : 1;
}

/** Several facts may have one label: they count together. */
function byName(parts: readonly Part[]): ReadonlyMap<string, string> {
  const together = new Map<string, string>();
  for (const [name, shown] of parts) together.set(plainName(name), (together.get(plainName(name)) ?? "") + shown);
  return together;
}

/** `shown ["parameters.limit",null,[]]` becomes `parameters.limit`. */
function plainName(name: string): string {
  const match = /^(?:shown|claimed) (.*)$/s.exec(name);
  return match?.[1] === undefined ? name : String((JSON.parse(match[1]) as readonly unknown[])[0]);
}
