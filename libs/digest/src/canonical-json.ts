import canonicalize from "canonicalize";

/** What JSON can hold. That it is I-JSON as well, `canonicalJson` checks. */
export type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };
export type JsonObject = { [key: string]: JsonValue };

/**
 * RFC 8785 canonical JSON of an I-JSON value (RFC 7493).
 * @throws on a number that is not finite or a string with a lone surrogate, as no two parsers agree on these; and on what no JSON can hold.
 */
export function canonicalJson(value: JsonValue): string {
  assertJson(value);
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError("value has no JSON form");
  return text;
}

/** The library leaves out what is no JSON, or takes it for `{}` or null: one digest would stand for all of it. At numbers and strings it looks itself. */
function assertJson(value: unknown): void {
  if (value === null || ["boolean", "number", "string"].includes(typeof value)) return;
  if (Array.isArray(value)) {
    for (const item of value) assertJson(item);
    return;
  }
  // A Map, say, would be hashed as `{}` whatever is in it.
  if (!isObjectLiteral(value))
    throw new TypeError("a value that is no JSON: send object literals, lists, strings, finite numbers, booleans or null");
  for (const member of Object.values(value)) if (member !== undefined) assertJson(member);
}

/** Whether a value is what an object literal makes, of whichever realm: no list, no instance of a class. */
export function isObjectLiteral(value: unknown): value is object {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
