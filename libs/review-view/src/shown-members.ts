import type { JsonValue } from "./json.ts";
import { withheldText, withoutSecrets } from "./redaction.ts";
import { leavesOf, type ShownLeaf } from "./shown-leaves.ts";
import { showString, showText, type ShownText, type TextLimit } from "./shown-text.ts";

/** One value with the way to it. */
export type ShownMember = {
  /** `parameters.filter["odd name"][0]`. */
  readonly path: ShownText;
  /** As JSON: strings in quotes. A secret shows its kind and length only. */
  readonly value: ShownText;
  /** The value, or what looks like a secret in it, was held back; the digest covers it all the same. */
  readonly redacted: boolean;
};

/** Values in their order, and how many more found no room: never dropped in silence. */
export type ShownMembers = { readonly members: readonly ShownMember[]; readonly more: number };

/** Flattens named JSON values to one line per value. */
export function showMembers(named: readonly (readonly [string, JsonValue])[], limit: TextLimit, most: number): ShownMembers {
  const all = leavesOf(named);
  const members = (all.length > most ? all.slice(0, most) : all).map((leaf) => showMember(leaf, limit));
  return { members, more: all.length - members.length };
}

function showMember({ path, value, secret }: ShownLeaf, limit: TextLimit): ShownMember {
  const shownPath = showText(path, limit);
  if (secret) return { path: shownPath, value: { text: withheld(value), notes: [] }, redacted: true };
  if (typeof value !== "string") return { path: shownPath, value: showText(JSON.stringify(value), limit), redacted: false };
  // What stands in place of a secret is never the secret.
  const without = withoutSecrets(value);
  return { path: shownPath, value: showString(without, limit), redacted: without !== value };
}

function withheld(value: JsonValue): string {
  if (typeof value === "string") return withheldText(value);
  if (typeof value === "object" && value !== null) return "(secret, several values, not shown)";
  return "(secret, not shown)";
}
