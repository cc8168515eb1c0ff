import { badValue } from "./scim-error.ts";

export type Json = null | boolean | number | string | readonly Json[] | JsonRecord;
export type JsonRecord = { readonly [name: string]: Json };

export function isRecord(value: Json | undefined): value is JsonRecord {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A member by its name without regard to case (RFC 7643, 2.1). */
export function memberOf(record: JsonRecord, name: string): Json | undefined {
  if (Object.hasOwn(record, name)) return record[name];
  return Object.entries(record).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];
}

/** A text; null and absent are empty. Numbers are what some providers send for an employee's number. @throws ScimError */
export function textOf(attribute: string, value: Json | undefined, max = 256): string {
  if (value === undefined || value === null) return "";
  const text = typeof value === "number" ? String(value) : value;
  if (typeof text !== "string") throw badValue(attribute, "must be a string");
  if (text.length > max) throw badValue(attribute, `has more than ${max} characters`);
  if (/\p{Cc}/u.test(text) || !text.isWellFormed()) throw badValue(attribute, "must not contain control characters");
  return text;
}

/** True or false, also as the strings that Entra sends. @throws ScimError: anything else must not pass for either. */
export function booleanOf(attribute: string, value: Json | undefined): boolean {
  const known = typeof value === "string" ? value.toLowerCase() : value;
  if (known === true || known === "true") return true;
  if (known === false || known === "false") return false;
  throw badValue(attribute, "must be true or false");
}

export function listOf(value: Json | undefined): readonly Json[] {
  if (value === undefined || value === null) return [];
  return isList(value) ? value : [value];
}

/** `Array.isArray` does not know of arrays that are read-only. */
export function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}
