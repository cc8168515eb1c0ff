import { InexactJsonError, parseExactJson } from "./exact-json.ts";
import type { JsonObject, JsonValue } from "./json.ts";
import { holdsSecret, isSecretName } from "./redaction.ts";
import type { ReviewSource } from "./review-source.ts";
import { UNSHOWABLE_ALL, visible } from "./visible-text.ts";

/** Stands in the text in place of a secret, and brings it back from the same place of the action. */
const WITHHELD = "(secret, not shown: leave this as it is)";

/** What a reviewer typed is not what may be asked for. */
export type EditedProperties = { readonly properties: JsonObject } | { readonly problem: string };

/**
 * The parameters as JSON that a person can edit in a text field: what a screen would hide stands as `\\uXXXX`, which is the same JSON, and secrets as a
 * placeholder. Undefined when there is nothing to edit, or policy lets nobody.
 */
export function editableText(source: ReviewSource): string | undefined {
  if (source.input === undefined || source.editable === "") return undefined;
  return JSON.stringify(withhold(source.input.action.properties, ""), undefined, 2).replaceAll(UNSHOWABLE_ALL, escapeAsJson);
}

/** Reads what came back from a text field. A placeholder brings the secret back that stands at the same place of the action; anywhere else it is refused. */
export function readEdited(text: string, source: ReviewSource): EditedProperties {
  if (source.input === undefined) return { problem: "the content of this action was erased" };
  const parsed = parse(text);
  if ("problem" in parsed) return parsed;
  try {
    return { properties: restore(parsed.object, source.input.action.properties) as JsonObject };
  } catch {
    return { problem: "a withheld secret stands where the action has none" };
  }
}

function parse(text: string): { readonly object: JsonObject } | { readonly problem: string } {
  try {
    const value = parseExactJson(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return { object: value as JsonObject };
  } catch (error) {
    if (error instanceof InexactJsonError) return { problem: visible(error.message).text };
  }
  return { problem: "this is not a JSON object" };
}

function isSecret(key: string, value: JsonValue): boolean {
  return isSecretName(key) || (typeof value === "string" && holdsSecret(value));
}

function withhold(value: JsonValue, key: string): JsonValue {
  if (isSecret(key, value)) return WITHHELD;
  return mapMembers(value, (member, name) => withhold(member, name));
}

function restore(value: JsonValue, original: JsonValue | undefined, key = ""): JsonValue {
  if (value === WITHHELD) {
    if (original === undefined || !isSecret(key, original)) throw new Error("no secret here");
    return original;
  }
  return mapMembers(value, (member, name, index) => restore(member, memberOf(original, index ?? name), name));
}

function memberOf(value: JsonValue | undefined, name: string | number): JsonValue | undefined {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Readonly<Record<string | number, JsonValue>>)[name];
}

function mapMembers(value: JsonValue, map: (member: JsonValue, name: string, index?: number) => JsonValue): JsonValue {
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((member: JsonValue, index) => map(member, "", index));
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, map(member, name)]));
}

function escapeAsJson(character: string): string {
  // The line breaks and spaces of the layout; inside of strings JSON has escaped its own.
  if (character === "\n") return character;
  return Array.from({ length: character.length }, (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, "0")}`).join("");
}
