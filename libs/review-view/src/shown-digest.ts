import type { DecidedOn } from "./review-source.ts";
import type { ShownMember, ShownMembers } from "./shown-members.ts";
import { shownParts, type ShownParts } from "./shown-parts.ts";
import type { TextHash } from "./shown-text.ts";

/** Changes with every change of what the same action looks like. */
const VIEW_VERSION = 5;

/**
 * Names what a reviewer decides on as it is shown: the rendered parameters with their redactions, what the requester claims, who asked, the rule, its
 * reasons and the risk. Not who has voted so far: other people's votes make no view stale. Nor comments and claims: they change nothing of what would
 * run, and if they made votes stale, an agent that goes on writing could keep everybody from deciding. An open question is shown instead. The same for every channel, however much of
 * the view it has room for. Lower-case hex SHA-256.
 * @param parts of this source, if they are at hand.
 */
export function shownDigest(source: DecidedOn, sha256: TextHash, parts: ShownParts = shownParts(source, sha256)): string {
  const { title, about, parameters, claims } = parts;
  const { tenant, id, digest } = source;
  return sha256(JSON.stringify([VIEW_VERSION, tenant, id, digest, title, about, inOrder(parameters), inOrder(claims)]));
}

/** Names of what is shown differently now: `parameters.limit`, `requested by`. Sorted. */
export function changedParts(before: DecidedOn, after: DecidedOn, sha256: TextHash): readonly string[] {
  const [old, now] = [byName(shownParts(before, sha256)), byName(shownParts(after, sha256))];
  const names = new Set([...old.keys(), ...now.keys()]);
  return [...names].filter((name) => old.get(name) !== now.get(name)).sort();
}

/** In an order that does not depend on that of the members of the input. */
function inOrder({ members }: ShownMembers): readonly ShownMember[] {
  return members.toSorted(byPath);
}

function byPath({ path: one }: ShownMember, { path: other }: ShownMember): number {
  if (one.text !== other.text) return one.text < other.text ? -1 : 1;
  // Long ones may differ beyond what is shown of them.
  return JSON.stringify(one) < JSON.stringify(other) ? -1 : 1;
}

/** Several facts may have one label: they count together. */
function byName({ title, about, parameters, claims }: ShownParts): ReadonlyMap<string, string> {
  const together = new Map<string, string>();
  const add = (name: string, shown: unknown): unknown => together.set(name, (together.get(name) ?? "") + JSON.stringify(shown));
  add("title", title);
  for (const { label, value } of about) add(label, value);
  for (const { path, value, redacted } of [...inOrder(parameters), ...inOrder(claims)]) add(path.text, [value, redacted]);
  return together;
}
