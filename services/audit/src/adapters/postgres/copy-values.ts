import type { CopyField } from "@countersign/database";
import { uuidText } from "../events/uuid.ts";

/*
 * Values as Postgres sends them in binary. Where somebody took a column's constraint away, null can come: it becomes what no entry says.
 */

export function int8(field: CopyField | undefined): number {
  return field ? field.readInt32BE(0) * 2 ** 32 + field.readUInt32BE(4) : Number.NaN;
}

export function int4(field: CopyField | undefined): number {
  return field ? field.readInt32BE(0) : Number.NaN;
}

export function text(field: CopyField | undefined): string {
  return field ? field.toString("utf8") : "";
}

export function uuid(field: CopyField | undefined): string {
  return field ? uuidText(field) : "";
}

/** Of a timestamp: milliseconds since 1970, with the microseconds behind the point. */
export function milliseconds(field: CopyField | undefined): number {
  return int8(field) / 1000 + POSTGRES_EPOCH;
}

const POSTGRES_EPOCH = Date.UTC(2000, 0, 1);
