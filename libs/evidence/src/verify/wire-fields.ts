/** Protobuf's wire types, the lowest three bits of a tag. */
const VARINT = 0;
const FIXED64 = 1;
const BYTES = 2;
const FIXED32 = 5;
const FIELDS = 32;

/** The largest numbers of protobuf's `uint32`, and of an enum. */
export const MOST_UINT32 = 2 ** 32 - 1;
export const MOST_ENUM = 2 ** 31 - 1;

/** The fields with these numbers, each below 32, as the bits of one number. */
export const bitsOf = (fields: readonly number[]): number => fields.reduce((bits, field) => bits | (1 << field), 0);

/**
 * Where the fields of one message lie, and nothing else: a verifier reads few of them, and to build objects of all costs ten times as much. Strict: bytes that are no message are
 * refused, and so is a field that is asked for as what it is not, or that is there twice. Used again for the next message, so that nothing is allocated.
 * Fields are told by number; only those from 1 to 31 can be asked for.
 */
export class WireFields {
  bytes: Buffer = NONE;
  readonly #begins = new Int32Array(FIELDS);
  readonly #ends = new Int32Array(FIELDS);
  readonly #numbers = new Float64Array(FIELDS);
  /** A bit for each field: it is there; more than once; the last time as bytes; as a number. */
  #seen = 0;
  #again = 0;
  #asBytes = 0;
  #asNumber = 0;
  #start = 0;
  #at = 0;
  #end = 0;

  /** Whether the bytes from `begin` to `end` are a message. */
  read(bytes: Buffer, begin: number, end: number): boolean {
    this.bytes = bytes;
    this.#start = begin;
    this.#end = end;
    this.#rewind();
    while (this.#at < end) if (this.#field() < 0) return false;
    return true;
  }

  /** Whether the field is absent, or there once and as bytes. */
  isBytes(field: number): boolean {
    return this.areBytes(1 << field);
  }

  /** The same of several fields. */
  areBytes(bits: number): boolean {
    return (this.#seen & bits & ~(this.#asBytes & ~this.#again)) === 0;
  }

  /** Whether the field is absent, or there once and as a number that can be told exactly. One above `most` a message would wrap around: it has fewer bits. */
  isNumber(field: number, most = Number.MAX_SAFE_INTEGER): boolean {
    const bit = 1 << field;
    if ((this.#seen & bit) === 0) return true;
    return (this.#asNumber & ~this.#again & bit) !== 0 && (this.#numbers[field] ?? 0) <= most;
  }

  has(field: number): boolean {
    return (this.#seen & (1 << field)) !== 0;
  }

  begin(field: number): number {
    return this.has(field) ? (this.#begins[field] ?? 0) : 0;
  }

  end(field: number): number {
    return this.has(field) ? (this.#ends[field] ?? 0) : 0;
  }

  /** 0 for a field that is absent. */
  number(field: number): number {
    return this.has(field) ? (this.#numbers[field] ?? 0) : 0;
  }

  /** A view of a field of bytes; empty when it is absent. */
  view(field: number): Buffer {
    return this.has(field) ? this.bytes.subarray(this.#begins[field], this.#ends[field]) : NONE;
  }

  text(field: number): string {
    return this.has(field) ? this.bytes.toString("utf8", this.#begins[field], this.#ends[field]) : "";
  }

  /** Every text of a field that may be there many times; undefined when it is something else. */
  texts(field: number): readonly string[] | undefined {
    const found: string[] = [];
    this.#rewind();
    while (this.#at < this.#end) {
      if (this.#field() !== field) continue;
      if ((this.#asBytes & (1 << field)) === 0) return undefined;
      found.push(this.text(field));
    }
    return found;
  }

  #rewind(): void {
    this.#at = this.#start;
    this.#seen = 0;
    this.#again = 0;
    this.#asBytes = 0;
    this.#asNumber = 0;
  }

  /** Reads one field and tells its number, 0 for one that cannot be asked for; -1 when there is none that can be read. */
  #field(): number {
    const tag = this.#varint();
    const type = tag & 7;
    const number = Math.floor(tag / 8);
    if (!(tag >= 8 && number < 2 ** 29)) return -1;
    const field = number < FIELDS ? number : 0;
    const bit = field === 0 ? 0 : 1 << field;
    this.#again |= this.#seen & bit;
    this.#seen |= bit;
    if (type === VARINT) {
      const value = this.#varint();
      this.#numbers[field] = value;
      this.#asNumber |= bit;
      this.#asBytes &= ~bit;
      return value >= 0 ? field : -1;
    }
    const length = type === BYTES ? this.#varint() : type === FIXED64 ? 8 : type === FIXED32 ? 4 : -1;
    if (!(length >= 0 && length <= this.#end - this.#at)) return -1;
    this.#begins[field] = this.#at;
    this.#at += length;
    this.#ends[field] = this.#at;
    this.#asNumber &= ~bit;
    if (type === BYTES) this.#asBytes |= bit;
    else this.#asBytes &= ~bit;
    return field;
  }

  /** -1 when the bytes end within it, or it has more than ten of them. Above 2^53 it is not exact. */
  #varint(): number {
    const { bytes } = this;
    const first = this.#at < this.#end ? (bytes[this.#at] ?? 0) : 0x80;
    // Nearly all are of one byte.
    if (first < 0x80) {
      this.#at += 1;
      return first;
    }
    let value = 0;
    let scale = 1;
    const limit = Math.min(this.#end, this.#at + 10);
    for (let at = this.#at; at < limit; at += 1) {
      const byte = bytes[at] ?? 0;
      value += (byte & 0x7f) * scale;
      scale *= 128;
      if (byte >= 0x80) continue;
      this.#at = at + 1;
      return value;
    }
    return -1;
  }
}

const NONE = Buffer.alloc(0);

/** Milliseconds since 1970 of a google.protobuf.Timestamp, 0 when there is none; not a number when the bytes are no time that a calendar has. */
export function timeOf(fields: WireFields, field: number): number {
  if (!fields.has(field)) return 0;
  if (!fields.isBytes(field) || !timestamp.read(fields.bytes, fields.begin(field), fields.end(field))) return Number.NaN;
  if (!timestamp.isNumber(1) || !timestamp.isNumber(2, MOST_NANOS)) return Number.NaN;
  const milliseconds = timestamp.number(1) * 1000 + Math.floor(timestamp.number(2) / 1_000_000);
  return milliseconds <= LAST_TIME ? milliseconds : Number.NaN;
}

const timestamp = new WireFields();
const MOST_NANOS = 999_999_999;
/** The end of the year 9999, as protobuf has it. */
const LAST_TIME = 253_402_300_799_999;
