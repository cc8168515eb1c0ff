import { readFileSync } from "node:fs";
import type { JsonObject, JsonValue } from "@countersign/digest";
import { InvalidArgumentError } from "commander";

/** `type:id`, split at the first colon. */
export function parseResource(text: string): { readonly type: string; readonly id: string } {
  const colon = text.indexOf(":");
  if (colon < 1 || colon === text.length - 1) throw new InvalidArgumentError("must be type:id, for example database:crm");
  return { type: text.slice(0, colon), id: text.slice(colon + 1) };
}

/** Collects repeated `name=value`. A value that is JSON is taken as such (`limit=10`, `columns=["id"]`), anything else as a string. */
export function collectMember(text: string, previous: JsonObject): JsonObject {
  const equals = text.indexOf("=");
  if (equals < 1) throw new InvalidArgumentError("must be name=value");
  return { ...previous, [text.slice(0, equals)]: jsonOrText(text.slice(equals + 1)) };
}

/** A JSON object, or `@file` that holds one. */
export function parseObject(text: string): JsonObject {
  const source = text.startsWith("@") ? readFileSync(text.slice(1), "utf8") : text;
  const value = jsonOrText(source);
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new InvalidArgumentError("must be a JSON object, or @file with one");
  return value;
}

/** `30s`, `5m`, `1h`, in milliseconds. */
export function parseDuration(text: string): number {
  const match = /^(\d{1,6})(s|m|h)$/.exec(text);
  if (match === null) throw new InvalidArgumentError("must be a duration such as 30s, 5m or 1h");
  const unit = match[2] === "s" ? 1000 : match[2] === "m" ? 60_000 : 3_600_000;
  return Number(match[1]) * unit;
}

/** A whole number from 0 on. */
export function parseCount(text: string): bigint {
  if (!/^\d{1,18}$/.test(text)) throw new InvalidArgumentError("must be a whole number");
  return BigInt(text);
}

function jsonOrText(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return text;
  }
}
