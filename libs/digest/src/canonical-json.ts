import canonicalize from "canonicalize";

/** What JSON can hold. That it is I-JSON as well, `canonicalJson` checks. */
export type JsonValue = null | boolean | number | string | JsonValue[] | { [key: string]: JsonValue };
export type JsonObject = { [key: string]: JsonValue };

/**
 * RFC 8785 canonical JSON of an I-JSON value (RFC 7493).
 * @throws TypeError on a number that is not finite or a string with a lone surrogate, as no two parsers agree on these; and on an object that is no literal.
 */
export function canonicalJson(value: JsonValue): string {
  assertIJson(value);
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError("value has no JSON form");
  return text;
}

function assertIJson(value: JsonValue): void {
  if (typeof value === "number" && !Number.isFinite(value)) throw new TypeError("number is not finite");
  if (typeof value === "string" && !value.isWellFormed()) throw new TypeError("string holds a lone surrogate");
  if (typeof value !== "object" || value === null) return;
  if (Array.isArray(value)) {
    for (const item of value) assertIJson(item);
    return;
  }
  // A Map, say, would be hashed as `{}` whatever is in it.
  if (!isObjectLiteral(value)) throw new TypeError("a value that is no JSON: only object literals and lists have members");
  for (const key of Object.keys(value)) {
    assertIJson(key);
    assertIJson(value[key] ?? null);
  }
}

/** Whether a value is what an object literal makes, of whichever realm: no list, no instance of a class. */
export function isObjectLiteral(value: unknown): value is object {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}
