import type { DescEnum } from "@bufbuild/protobuf";
import { timestampMs, type Timestamp } from "@bufbuild/protobuf/wkt";
import type { At } from "@countersign/proto/v1/at_pb";
import type { Violations } from "./violations.ts";

/** Names and ids: they are shown to people, so that control characters could forge a line. */
export function checkName(violations: Violations, field: string, value: string, max: number): void {
  checkText(violations, field, value, { min: 1, max });
  if (/\p{Cc}/u.test(value)) violations.add(field, "must not contain control characters");
}

/** Counts characters (code points), not bytes. */
export function checkText(violations: Violations, field: string, value: string, { min = 0, max }: { min?: number; max: number }): void {
  if (value.length < min) violations.add(field, `is required: ${min} to ${max} characters`);
  else if (value.length > max && [...value].length > max) violations.add(field, `has more than ${max} characters`);
}

export function checkBytes(violations: Violations, field: string, value: string, { min = 0, max }: { min?: number; max: number }): void {
  const size = Buffer.byteLength(value);
  if (size < min) violations.add(field, `is required`);
  else if (size > max) violations.add(field, `has ${size} bytes; at most ${max} are taken`);
}

export function checkUuid(violations: Violations, field: string, value: string): void {
  if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(value))
    violations.add(field, "must be a UUID in lower case, as the service gave it");
}

export function checkDigest(violations: Violations, field: string, value: Uint8Array, optional?: "optional"): void {
  if (value.length === 32 || (optional !== undefined && value.length === 0)) return;
  violations.add(field, `must have 32 bytes (SHA-256)${optional === undefined ? "" : " or none"}; it has ${value.length}`);
}

export function checkIdempotencyKey(violations: Violations, field: string, value: string): void {
  if (!/^[\x21-\x7e](?:[\x20-\x7e]{0,126}[\x21-\x7e])?$/.test(value)) {
    violations.add(field, "must have 1 to 128 printable ASCII characters, no space at its ends; choose a new one per intended action");
  }
}

export function checkEnum(violations: Violations, field: string, value: number, schema: DescEnum): void {
  if (value !== 0 && schema.value[value] !== undefined) return;
  const names = schema.values.filter(({ number }) => number !== 0).map(({ name }) => name);
  violations.add(field, `${value === 0 ? "is required" : `has the unknown value ${value}`}: one of ${names.join(", ")}`);
}

export function checkPage(
  violations: Violations,
  { pageSize, pageToken }: { readonly pageSize: number; readonly pageToken: string },
): void {
  if (pageSize < 0 || pageSize > 200) violations.add("page_size", "must be 1 to 200, or 0 for 50");
  if (pageToken.length > 1024) violations.add("page_token", "is not one that this service gave");
}

/** A point in time that exists: what the wire can hold is more. */
export function checkTime(violations: Violations, field: string, { seconds, nanos }: Timestamp): void {
  if (seconds < -62_135_596_800n || seconds > 253_402_300_799n || nanos < 0 || nanos > 999_999_999)
    violations.add(field, "must be a time between the years 1 and 9999");
}

/** A period that is not empty; either end may be open. */
export function checkPeriod(
  violations: Violations,
  { from, to }: { readonly from?: Timestamp | undefined; readonly to?: Timestamp | undefined },
): void {
  if (from !== undefined) checkTime(violations, "from", from);
  if (to !== undefined) checkTime(violations, "to", to);
  if (from !== undefined && to !== undefined && timestampMs(from) >= timestampMs(to)) violations.add("to", "is not after from");
}

/** A moment that names something. */
export function checkAt(violations: Violations, field: string, { moment }: At): void {
  if (moment.case === "position") checkCount(violations, `${field}.position`, moment.value);
  else if (moment.case === "time") checkTime(violations, `${field}.time`, moment.value);
  else violations.add(field, "must name a position or a time");
}

/** Positions and versions are exact numbers up to 2^53 everywhere. */
export function checkCount(violations: Violations, field: string, value: bigint, min = 0n): void {
  if (value < min || value > BigInt(Number.MAX_SAFE_INTEGER)) violations.add(field, `must be ${min} to ${Number.MAX_SAFE_INTEGER}`);
}
