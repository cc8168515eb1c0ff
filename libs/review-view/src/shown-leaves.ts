import type { JsonObject, JsonValue } from "./json.ts";
import { isSecretName } from "./redaction.ts";

/** One value inside a JSON document, with the way to it: `filter.tags[0]`. */
export type ShownLeaf = {
  readonly path: string;
  /** A scalar, an object or list without members, or all that stands under the name of a secret. */
  readonly value: JsonValue;
  /** What it is called says that it is a secret. */
  readonly secret: boolean;
};

/** The leaves of named values, in their own order. */
export function leavesOf(named: readonly (readonly [string, JsonValue])[]): readonly ShownLeaf[] {
  const leaves: ShownLeaf[] = [];
  for (const [name, value] of named) addMember(leaves, memberText(name, true), name, value);
  return leaves;
}

function addMember(leaves: ShownLeaf[], path: string, name: string, value: JsonValue): void {
  if (isSecretName(name)) leaves.push({ path, value, secret: true });
  else addLeaves(leaves, path, value);
}

function addLeaves(leaves: ShownLeaf[], path: string, value: JsonValue): void {
  const before = leaves.length;
  if (isList(value)) addItems(leaves, path, value);
  else if (typeof value === "object" && value !== null) addMembers(leaves, path, value);
  if (leaves.length === before) leaves.push({ path, value, secret: false });
}

function addItems(leaves: ShownLeaf[], path: string, list: readonly JsonValue[]): void {
  let index = 0;
  for (const item of list) {
    addLeaves(leaves, `${path}[${index}]`, item);
    index += 1;
  }
}

function addMembers(leaves: ShownLeaf[], path: string, object: JsonObject): void {
  for (const name of Object.keys(object)) addMember(leaves, path + memberText(name, false), name, object[name] ?? null);
}

function isList(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function memberText(name: string, first: boolean): string {
  if (!/^[A-Za-z_][\w-]*$/.test(name)) return `[${JSON.stringify(name)}]`;
  return first ? name : `.${name}`;
}
