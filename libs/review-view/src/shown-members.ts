import { leaves, type JsonLeaf, type JsonValue } from "./json.ts";
import { holdsSecret, isSecretName, withheldText, withoutSecrets } from "./redaction.ts";
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
  const all = named.flatMap(([name, value]) => leaves(value, isSecretName, [name]));
  const members = all.slice(0, most).map((leaf) => showMember(leaf, limit));
  return { members, more: Math.max(0, all.length - most) };
}

function showMember({ path, value }: JsonLeaf, limit: TextLimit): ShownMember {
  const name = path.findLast((part) => typeof part === "string");
  const isSecret = typeof name === "string" && isSecretName(name);
  return {
    path: showText(pathText(path), limit),
    value: isSecret ? { text: withheld(value), notes: [] } : showValue(value, limit),
    redacted: isSecret || (typeof value === "string" && holdsSecret(value)),
  };
}

function withheld(value: JsonValue): string {
  if (typeof value === "string") return withheldText(value);
  if (typeof value === "object" && value !== null) return "(secret, several values, not shown)";
  return "(secret, not shown)";
}

function showValue(value: JsonValue, limit: TextLimit): ShownText {
  return typeof value === "string" ? showString(withoutSecrets(value), limit) : showText(JSON.stringify(value), limit);
}

function pathText(path: readonly (string | number)[]): string {
  return path.map((part, index) => (typeof part === "number" ? `[${part}]` : memberText(part, index === 0))).join("");
}

function memberText(name: string, first: boolean): string {
  if (!/^[A-Za-z_][\w-]*$/.test(name)) return `[${JSON.stringify(name)}]`;
  return first ? name : `.${name}`;
}
