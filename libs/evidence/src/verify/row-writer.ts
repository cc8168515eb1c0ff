import { emptyRows, HASH_WORDS, ROW_WORDS, type SegmentRows } from "./segment-facts.ts";
import type { WireFields } from "./wire-fields.ts";

const HASH = 4 * HASH_WORDS;

/** Writes a segment's rows. */
export class RowWriter {
  readonly rows: SegmentRows;
  readonly positions: Float64Array;
  readonly sequences: Float64Array;
  readonly versions: Float64Array;
  readonly times: Float64Array;
  readonly ends: Float64Array;
  readonly asks: Uint16Array;
  readonly streams: Uint32Array;
  readonly #hashes: Uint8Array;

  constructor(ofPositions: Float64Array<ArrayBuffer>) {
    this.rows = emptyRows(ofPositions);
    const { positions, sequences, versions, times, ends, asks, streams, hashes } = this.rows;
    [this.positions, this.sequences, this.versions, this.times, this.ends] = [positions, sequences, versions, times, ends];
    [this.asks, this.streams] = [asks, streams];
    this.#hashes = new Uint8Array(hashes.buffer);
  }

  /** A hash out of a field; nothing, when that is absent or empty. Whether it was one. */
  hash(row: number, column: number, fields: WireFields, field: number): boolean {
    const [begin, end] = [fields.begin(field), fields.end(field)];
    return end > begin && this.#write(row, column, fields.bytes, begin, end);
  }

  /** A hash that stands at `at`. */
  hashAt(row: number, column: number, bytes: Uint8Array, at: number): void {
    this.#write(row, column, bytes, at, at + HASH);
  }

  /** Bytes of another length than a hash's are written as one that no hash is: then they equal no hash, and nothing is taken for absent that is not. */
  #write(row: number, column: number, bytes: Uint8Array, begin: number, end: number): boolean {
    const to = 4 * (row * ROW_WORDS + column);
    let some = 0;
    if (end - begin === HASH) {
      for (let at = 0; at < HASH; at += 1) {
        const byte = bytes[begin + at] ?? 0;
        some |= byte;
        this.#hashes[to + at] = byte;
      }
    }
    if (some === 0) this.#hashes.fill(0xff, to, to + HASH);
    return some !== 0;
  }
}
