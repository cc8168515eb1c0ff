import { EventLogError } from "./errors.ts";
import type { Actor, RecordedEvent } from "./event-log.ts";
import { textOf } from "./known-texts.ts";

/** Everything that `countersign.event.v1.Entry` holds. */
export type Entry = Omit<RecordedEvent, "entry" | "leafHash"> & {
  /** Leaf hash of the stream's previous event; empty on the first. */
  readonly previousStreamLeaf: Uint8Array;
  /** Leaf hash of the tenant's previous event in this ledger; empty on the first. */
  readonly previousTenantLeaf: Uint8Array;
};

/**
 * Everything that an entry's bytes say, with the links to the events before it. Reads field by field what `encodeEntry` writes: replay, rebuild, fsck and
 * verification read every entry there is, and the general reader takes five times as long. A test holds both against each other.
 * @throws EventLogError `corrupt` when the bytes are not an entry.
 */
export function readEntry(bytes: Uint8Array): Entry {
  const entry: Fields = { ...EMPTY, stream: { tenant: "", type: "", id: "" } };
  try {
    const wire = new Wire(bytes, 0, bytes.length);
    while (wire.at < wire.end) readField(wire, entry);
  } catch (error) {
    throw new EventLogError("corrupt", "stored bytes are not an entry", { cause: error });
  }
  return entry;
}

/** Protobuf's wire types, the lowest three bits of a tag. */
const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;

function readField(wire: Wire, entry: Fields): void {
  const tag = wire.varint();
  switch (tag) {
    case (1 << 3) | BYTES:
      entry.ledger = wire.text();
      break;
    case (2 << 3) | VARINT:
      entry.position = wire.varint();
      break;
    case (3 << 3) | BYTES:
      entry.stream.tenant = wire.text();
      break;
    case (4 << 3) | VARINT:
      entry.tenantSequence = wire.varint();
      break;
    case (5 << 3) | BYTES:
      entry.stream.type = wire.text();
      break;
    case (6 << 3) | BYTES:
      entry.stream.id = wire.text();
      break;
    case (7 << 3) | VARINT:
      entry.streamVersion = wire.varint();
      break;
    case (8 << 3) | BYTES:
      entry.eventId = wire.bytes();
      break;
    case (9 << 3) | BYTES:
      entry.type = wire.text();
      break;
    case (10 << 3) | VARINT:
      entry.schemaVersion = wire.varint();
      break;
    case (11 << 3) | BYTES:
      entry.time = readTime(wire.message());
      break;
    case (12 << 3) | BYTES:
      entry.actor = readActor(wire.message());
      break;
    case (13 << 3) | BYTES:
      entry.traceparent = wire.text();
      break;
    case (14 << 3) | BYTES:
      entry.previousStreamLeaf = wire.bytes();
      break;
    case (15 << 3) | BYTES:
      entry.previousTenantLeaf = wire.bytes();
      break;
    case (16 << 3) | BYTES:
      entry.data = wire.bytes();
      break;
    default:
      wire.skip(tag);
  }
}

function readTime(wire: Wire): Date {
  let milliseconds = 0;
  while (wire.at < wire.end) {
    const tag = wire.varint();
    if (tag === ((1 << 3) | VARINT)) milliseconds += wire.varint() * 1000;
    else if (tag === ((2 << 3) | VARINT)) milliseconds += Math.floor(wire.varint() / 1_000_000);
    else wire.skip(tag);
  }
  return new Date(milliseconds);
}

function readActor(wire: Wire): Actor {
  const actor = { issuer: "", id: "" };
  while (wire.at < wire.end) {
    const tag = wire.varint();
    if (tag === ((1 << 3) | BYTES)) actor.issuer = wire.text();
    else if (tag === ((2 << 3) | BYTES)) actor.id = wire.text();
    else wire.skip(tag);
  }
  return actor;
}

/** A stretch of protobuf's wire format. Never reads behind its end; numbers are exact or refused. */
class Wire {
  readonly #bytes: Uint8Array;
  /** The same bytes: only a buffer turns a stretch of them into text without a view of its own. */
  readonly #buffer: Buffer;
  readonly end: number;
  at: number;

  constructor(bytes: Uint8Array, at: number, end: number, buffer = bufferOf(bytes)) {
    this.#bytes = bytes;
    this.#buffer = buffer;
    this.at = at;
    this.end = end;
  }

  varint(): number {
    let value = 0;
    for (let scale = 1; scale <= MAX_SCALE; scale *= 128) {
      const byte = this.at < this.end ? this.#bytes[this.at++] : undefined;
      if (byte === undefined) throw new RangeError("the bytes end within a number");
      value += (byte & 0x7f) * scale;
      if (byte >= 0x80) continue;
      if (value > Number.MAX_SAFE_INTEGER) break;
      return value;
    }
    throw new RangeError("a number is above 2^53");
  }

  bytes(): Uint8Array {
    const begin = this.#enter();
    return this.#bytes.subarray(begin, this.at);
  }

  text(): string {
    const begin = this.#enter();
    return textOf(this.#buffer, begin, this.at);
  }

  message(): Wire {
    const begin = this.#enter();
    return new Wire(this.#bytes, begin, this.at, this.#buffer);
  }

  /** Passes over a field that is not known, by the type in its tag. */
  skip(tag: number): void {
    const type = tag & 7;
    if (tag < 8) throw new RangeError("no field has the number 0");
    if (type === VARINT) this.varint();
    else if (type === BYTES) this.#enter();
    else if (type === FIXED64 || type === FIXED32) this.#move(type === FIXED64 ? 8 : 4);
    else throw new RangeError("a field of a type that entries do not have");
  }

  /** Reads a length and moves behind what it measures; returns where that begins. */
  #enter(): number {
    const length = this.varint();
    const begin = this.at;
    this.#move(length);
    return begin;
  }

  #move(length: number): void {
    if (length > this.end - this.at) throw new RangeError("the bytes end within a field");
    this.at += length;
  }
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

type Mutable<T> = { -readonly [Key in keyof T]: T[Key] };
type Fields = Mutable<Omit<Entry, "stream">> & { readonly stream: Mutable<Entry["stream"]> };

/** Eight groups of seven bits hold every number below 2^53. */
const MAX_SCALE = 2 ** 49;
const NONE = new Uint8Array(0);
const EMPTY: Entry = {
  ledger: "",
  position: 0,
  stream: { tenant: "", type: "", id: "" },
  streamVersion: 0,
  tenantSequence: 0,
  eventId: NONE,
  type: "",
  schemaVersion: 0,
  time: new Date(0),
  actor: undefined,
  traceparent: "",
  previousStreamLeaf: NONE,
  previousTenantLeaf: NONE,
  data: NONE,
};
