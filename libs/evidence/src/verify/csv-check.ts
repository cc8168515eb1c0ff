import { cell, CSV_HEAD } from "../csv.ts";
import { Field, type EntryFields } from "./entry-fields.ts";

/** Bytes that a bare cell may have, and those that it may begin with: as `cell` has it. */
const BARE = new Uint8Array(256);
const FIRST = new Uint8Array(256);
for (const byte of Buffer.from("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")) BARE[byte] = FIRST[byte] = 1;
for (const byte of Buffer.from(" .:/_@|-")) BARE[byte] = 1;
const HEX = Buffer.from("0123456789abcdef");
const [COMMA, CR, LF, ZERO, COLON, DOT] = [0x2c, 0x0d, 0x0a, 0x30, 0x3a, 0x2e];
const DAY = 86_400_000;

/** Holds a segment's table against its entries as they come: each row is told byte by byte what it must be, and never parsed. */
export class CsvCheck {
  readonly #csv: Buffer;
  #at = 0;
  #same = true;
  #day = Number.NaN;
  #date: Buffer = Buffer.alloc(0);

  constructor(csv: Buffer) {
    this.#csv = csv;
    this.#raw(Buffer.from(CSV_HEAD));
  }

  /** Whether the table was the one of all entries, and nothing else. */
  get same(): boolean {
    return this.#same && this.#at === this.#csv.length;
  }

  row(entry: EntryFields): void {
    if (!this.#same) return;
    this.#number(entry.number(Field.position), COMMA);
    this.#number(entry.number(Field.tenantSequence), COMMA);
    this.#time(entry.time);
    this.#cell(entry.bytes, entry.begin(Field.type), entry.end(Field.type));
    this.#cell(entry.bytes, entry.begin(Field.streamType), entry.end(Field.streamType));
    this.#cell(entry.bytes, entry.begin(Field.streamId), entry.end(Field.streamId));
    this.#number(entry.number(Field.streamVersion), COMMA);
    const { actor } = entry;
    this.#cell(entry.bytes, actor.begin(1), actor.end(1));
    this.#cell(entry.bytes, actor.begin(2), actor.end(2));
    this.#hex(entry.bytes, entry.begin(Field.eventId), entry.end(Field.eventId));
    this.#byte(CR);
    this.#byte(LF);
  }

  #byte(expected: number): void {
    if (this.#csv[this.#at++] !== expected) this.#same = false;
  }

  #raw(expected: Uint8Array): void {
    for (let at = 0; at < expected.length; at += 1) if (this.#csv[this.#at + at] !== expected[at]) this.#same = false;
    this.#at += expected.length;
  }

  #number(value: number, end: number): void {
    let digits = 1;
    for (let power = 10; power <= value; power *= 10) digits += 1;
    let rest = value;
    for (let at = this.#at + digits - 1; at >= this.#at; at -= 1) {
      const next = Math.floor(rest / 10);
      if (this.#csv[at] !== ZERO + (rest - next * 10)) this.#same = false;
      rest = next;
    }
    this.#at += digits;
    this.#byte(end);
  }

  #time(milliseconds: number): void {
    const day = Math.floor(milliseconds / DAY);
    if (day !== this.#day) {
      this.#day = day;
      this.#date = Buffer.from(new Date(day * DAY).toISOString().slice(0, 11));
    }
    this.#raw(this.#date);
    const rest = milliseconds - day * DAY;
    const second = Math.floor(rest / 1000);
    this.#twoDigits(Math.floor(second / 3600), COLON);
    this.#twoDigits(Math.floor(second / 60) % 60, COLON);
    this.#twoDigits(second % 60, DOT);
    const fraction = rest - second * 1000;
    this.#byte(ZERO + Math.floor(fraction / 100));
    this.#twoDigits(fraction % 100, 0x5a);
    this.#byte(COMMA);
  }

  #twoDigits(value: number, end: number): void {
    this.#byte(ZERO + Math.floor(value / 10));
    this.#byte(ZERO + (value % 10));
    this.#byte(end);
  }

  #cell(bytes: Buffer, begin: number, end: number): void {
    const csv = this.#csv;
    const shift = this.#at - begin;
    // Held against the table while it looks whether the cell is bare: nearly all are, and the same.
    let bare = begin < end && FIRST[bytes[begin] ?? 0] === 1;
    let same = true;
    for (let at = begin; bare && at < end; at += 1) {
      const byte = bytes[at] ?? 0;
      bare = BARE[byte] === 1;
      same &&= csv[at + shift] === byte;
    }
    if (bare) {
      this.#same &&= same;
      this.#at += end - begin;
    } else this.#raw(Buffer.from(cell(bytes.toString("utf8", begin, end))));
    this.#byte(COMMA);
  }

  #hex(bytes: Buffer, begin: number, end: number): void {
    const csv = this.#csv;
    let place = this.#at;
    let same = true;
    for (let at = begin; at < end; at += 1, place += 2) {
      const byte = bytes[at] ?? 0;
      same &&= csv[place] === HEX[byte >> 4] && csv[place + 1] === HEX[byte & 15];
    }
    this.#same &&= same;
    this.#at = place;
  }
}
