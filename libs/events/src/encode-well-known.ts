import type { JsonObject, JsonValue } from "@bufbuild/protobuf";
import { WireType, type BinaryWriter } from "@bufbuild/protobuf/wire";

/** `google.protobuf.Timestamp` of milliseconds since 1970. */
export function timestampWriter(writer: BinaryWriter, milliseconds: number): void {
  const seconds = Math.floor(milliseconds / 1000);
  if (seconds !== 0) writer.uint32(SECONDS).int64(seconds);
  const nanos = (milliseconds - seconds * 1000) * 1_000_000;
  if (nanos !== 0) writer.uint32(NANOS).int32(nanos);
}

/** `google.protobuf.Struct` of a JSON object. */
export function jsonWriter(writer: BinaryWriter, value: unknown): void {
  const object = value as JsonObject;
  for (const name of Object.keys(object)) {
    writer.uint32(FIELDS).fork().uint32(KEY).string(name).uint32(VALUE);
    valueWriter(writer, object[name] ?? null);
    writer.join();
  }
}

function valueWriter(writer: BinaryWriter, value: JsonValue): void {
  writer.fork();
  if (typeof value === "string") writer.uint32(STRING_VALUE).string(value);
  else if (typeof value === "number") writer.uint32(NUMBER_VALUE).double(value);
  else if (typeof value === "boolean") writer.uint32(BOOL_VALUE).bool(value);
  else if (value === null) writer.uint32(NULL_VALUE).int32(0);
  else if (Array.isArray(value)) listWriter(writer.uint32(LIST_VALUE).fork(), value).join();
  else {
    jsonWriter(writer.uint32(STRUCT_VALUE).fork(), value);
    writer.join();
  }
  writer.join();
}

function listWriter(writer: BinaryWriter, values: readonly JsonValue[]): BinaryWriter {
  for (const value of values) {
    writer.uint32(VALUES);
    valueWriter(writer, value);
  }
  return writer;
}

/** Tags: field number and wire type, as `google/protobuf/struct.proto` and `timestamp.proto` have them. */
const SECONDS = (1 << 3) | WireType.Varint;
const NANOS = (2 << 3) | WireType.Varint;
const FIELDS = (1 << 3) | WireType.LengthDelimited;
const KEY = (1 << 3) | WireType.LengthDelimited;
const VALUE = (2 << 3) | WireType.LengthDelimited;
const VALUES = (1 << 3) | WireType.LengthDelimited;
const NULL_VALUE = (1 << 3) | WireType.Varint;
const NUMBER_VALUE = (2 << 3) | WireType.Bit64;
const STRING_VALUE = (3 << 3) | WireType.LengthDelimited;
const BOOL_VALUE = (4 << 3) | WireType.Varint;
const STRUCT_VALUE = (5 << 3) | WireType.LengthDelimited;
const LIST_VALUE = (6 << 3) | WireType.LengthDelimited;
