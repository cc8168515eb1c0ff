import { readFileSync } from "node:fs";
import type { JsonObject, JsonValue } from "@countersign/digest";
import { Durability } from "@countersign/proto/v1/durability_pb";
import { PrincipalType } from "@countersign/proto/v1/principal_pb";
import { InexactJsonError, parseExactJson } from "@countersign/review-view";
import { InvalidArgumentError } from "commander";
import { UsageError } from "./errors.ts";
import { timeOf } from "./parse-at.ts";

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
  const source = text.startsWith("@") ? readBytes(text.slice(1)).toString("utf8") : text;
  const value = jsonOrText(source);
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new InvalidArgumentError("must be a JSON object, or @file with one");
  return value;
}

/** `30s` or `5m`, in milliseconds, no longer than the server waits. */
export function parseWait(text: string): number {
  const match = /^(\d{1,3})(s|m)$/.exec(text);
  const milliseconds = Number(match?.[1]) * (match?.[2] === "m" ? 60_000 : 1000);
  if (match === null || milliseconds > 300_000) throw new InvalidArgumentError("must be a duration such as 30s, at most 5m");
  return milliseconds;
}

/** How firm a record must be before the command ends. */
export function parseDurability(text: string): Durability {
  const level = LEVELS.get(text);
  if (level === undefined) throw new InvalidArgumentError(`must be one of ${[...LEVELS.keys()].join(", ")}`);
  return level;
}

const LEVELS: ReadonlyMap<string, Durability> = new Map([
  ["recorded", Durability.RECORDED],
  ["sealed", Durability.SEALED],
  ["witnessed", Durability.WITNESSED],
]);

/** A moment that is to come (a deadline, the end of a delegation): a time such as `2026-11-30T18:00:00Z`, or so long from now: `5d`, `12h`, `30m`. */
export function parseMoment(text: string): Date {
  return momentOf(text, 1, "so long from now");
}

/** A moment that is over (the bounds of a report): a time, or so long ago: `5d` is five days ago. */
export function parsePastMoment(text: string): Date {
  return momentOf(text, -1, "so long ago");
}

function momentOf(text: string, direction: 1 | -1, meaning: string): Date {
  const [, amount, unit] = /^(\d{1,4})([mhd])$/.exec(text) ?? [];
  if (amount !== undefined && unit !== undefined) return new Date(Date.now() + direction * Number(amount) * (MILLISECONDS[unit] ?? 0));
  const time = timeOf(text);
  if (time !== undefined) return time;
  throw new InvalidArgumentError(
    `must be a time with its zone such as 2026-11-30T18:00:00Z, or ${meaning} in days, hours or minutes: 5d, 12h or 30m`,
  );
}

const MILLISECONDS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Every value of an option that may be given again. One option with many values would take the arguments behind it for more. */
export function collect(text: string, before: readonly string[]): readonly string[] {
  return [...before, text];
}

/** Every principal of an option that may be given again. */
export function collectPrincipal(text: string, before: readonly NamedPrincipal[]): readonly NamedPrincipal[] {
  return [...before, parsePrincipal(text)];
}

/** As policies name people; without an issuer it is somebody of an issuer that the command knows. */
export type NamedPrincipal = { readonly issuer?: string; readonly id: string };

/** `id`, or `<issuer>#<id>`, split at the first `#`. */
export function parsePrincipal(text: string): NamedPrincipal {
  const hash = text.indexOf("#");
  if (text === "" || hash === 0 || hash === text.length - 1)
    throw new InvalidArgumentError("must be an id such as ann, or ISSUER#ID such as https://idp.example#ann");
  return hash < 0 ? { id: text } : { issuer: text.slice(0, hash), id: text.slice(hash + 1) };
}

/** Types of principals by the words for them. */
export const PRINCIPAL_TYPES = { agent: PrincipalType.AGENT, service: PrincipalType.SERVICE, human: PrincipalType.HUMAN } as const;

/** `channel:workspace/user`, as `whoami` shows it. */
export function parseAccount(text: string): { readonly channel: string; readonly workspace: string; readonly id: string } {
  const [, channel, workspace, id] = /^([^:/\s]+):([^/\s]*)\/([^/\s]+)$/.exec(text) ?? [];
  if (channel === undefined || workspace === undefined || id === undefined)
    throw new InvalidArgumentError("must be CHANNEL:WORKSPACE/USER, as whoami shows it");
  return { channel, workspace, id };
}

/** A whole number from 0 on. */
export function parseCount(text: string): bigint {
  if (!/^\d{1,18}$/.test(text)) throw new InvalidArgumentError("must be a whole number");
  return BigInt(text);
}

/** 64 hex digits, as `review show` prints them. */
export function parseDigest(text: string): Uint8Array {
  if (!/^[0-9a-f]{64}$/i.test(text)) throw new InvalidArgumentError("must be 64 hex digits");
  return Buffer.from(text, "hex");
}

/** A file that the command line names. */
export function readBytes(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new UsageError(`cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function jsonOrText(text: string): JsonValue {
  try {
    return parseExactJson(text) as JsonValue;
  } catch (error) {
    if (error instanceof InexactJsonError) throw new InvalidArgumentError(error.message);
    return text;
  }
}
