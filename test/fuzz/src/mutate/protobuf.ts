import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import type { Random } from "../engine/random.ts";
import { mutateBytes } from "./bytes.ts";
import { repeated, specialText } from "./special.ts";

type Field = { readonly number: number; readonly type: WireType; readonly value: bigint | Uint8Array };

const ODD_NUMBERS = [0n, 1n, 127n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 53n + 1n, 2n ** 63n, 2n ** 64n - 1n, 253_402_300_800n];
const DEEP = [5, 50, 99, 101, 500, 1001, 5000];

/** Changes a message field by field at any depth, with lengths that fit again. Undefined when it is no message. */
export function mutateProtobuf(input: Uint8Array, random: Random, other: Uint8Array): Uint8Array | undefined {
  const fields = readFields(input);
  if (fields === undefined || fields.length === 0) return undefined;
  const at = random.below(fields.length);
  const field = fields[at];
  if (field === undefined) return undefined;
  // Most of the time further down, where a message is within.
  const within = field.value instanceof Uint8Array && random.chance(0.7) ? mutateProtobuf(field.value, random, other) : undefined;
  if (within === undefined) change(fields, at, field, random, other);
  else fields[at] = { ...field, value: within };
  return writeFields(fields);
}

function change(fields: Field[], at: number, field: Field, random: Random, other: Uint8Array): void {
  switch (random.below(6)) {
    case 0:
      fields.splice(at, 1);
      return;
    case 1:
      fields.push(...Array.from({ length: random.length(300) }, () => field));
      return;
    case 2:
      fields[at] = { ...field, number: 1 + random.length(40) };
      return;
    case 3:
      fields.push(...(readFields(other) ?? []));
      return;
    case 4:
      if (field.value instanceof Uint8Array) fields[at] = { ...field, value: wrapped(field, random.pick(DEEP)) };
      return;
    default:
      fields[at] = { ...field, value: oddValue(field.value, random, other) };
  }
}

function oddValue(value: Field["value"], random: Random, other: Uint8Array): Field["value"] {
  if (!(value instanceof Uint8Array)) return random.chance(0.8) ? random.pick(ODD_NUMBERS) : BigInt(random.below(64));
  if (random.chance(0.3)) return Buffer.from(specialText(random));
  if (random.chance(0.2)) return Buffer.from(repeated(random, "a/b."));
  return mutateBytes(value, random, other);
}

/** A message in itself, in itself. */
function wrapped({ number, value }: Field, depth: number): Uint8Array {
  let inner = value instanceof Uint8Array ? value : new Uint8Array();
  for (let level = 0; level < depth; level++) inner = writeFields([{ number, type: WireType.LengthDelimited, value: inner }]);
  return inner;
}

function readFields(input: Uint8Array): Field[] | undefined {
  const reader = new BinaryReader(input);
  const fields: Field[] = [];
  try {
    while (reader.pos < reader.len) {
      const [number, type] = reader.tag();
      if (type === WireType.Varint) fields.push({ number, type, value: BigInt(reader.uint64()) });
      else if (type === WireType.LengthDelimited) fields.push({ number, type, value: reader.bytes() });
      else if (type === WireType.Bit64) fields.push({ number, type, value: BigInt(reader.fixed64()) });
      else if (type === WireType.Bit32) fields.push({ number, type, value: BigInt(reader.fixed32()) });
      else return undefined;
    }
  } catch {
    return undefined;
  }
  return fields;
}

function writeFields(fields: readonly Field[]): Uint8Array {
  const writer = new BinaryWriter();
  for (const { number, type, value } of fields) {
    writer.tag(number, type);
    if (value instanceof Uint8Array) writer.bytes(value);
    else if (type === WireType.Bit64) writer.fixed64(BigInt.asUintN(64, value));
    else if (type === WireType.Bit32) writer.fixed32(Number(BigInt.asUintN(32, value)));
    else writer.uint64(BigInt.asUintN(64, value));
  }
  return writer.finish();
}
