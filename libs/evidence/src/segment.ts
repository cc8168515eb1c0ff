import { EvidenceError } from "./error.ts";

/** What an entry refers to, by its salted hash: there, or not there any more. A record of `log/*.contents`. */
export type ContentRecord = {
  /** 32 bytes, as the entry names it. */
  readonly digest: Uint8Array;
  /** Absent once erased. */
  readonly content: { readonly salt: Uint8Array; readonly body: Uint8Array } | undefined;
  /** Position of the event that erased it, where that lies behind the archive's last one. */
  readonly erasedAt?: number | undefined;
};

const HASH = 32;
const INDEX_ROW = 8 + HASH;

export function formatIndex(rows: readonly { readonly position: number; readonly leaf: Uint8Array }[]): Buffer {
  const bytes = Buffer.allocUnsafe(rows.length * INDEX_ROW);
  let at = 0;
  for (const { position, leaf } of rows) {
    bytes.writeUInt32BE(Math.floor(position / 2 ** 32), at);
    bytes.writeUInt32BE(position % 2 ** 32, at + 4);
    bytes.set(leaf, at + 8);
    at += INDEX_ROW;
  }
  return bytes;
}

/** Where the leaf hash of a row lies in the bytes of an index. */
export const leafPlace = (row: number): number => row * INDEX_ROW + 8;

/**
 * The positions of an index's rows.
 * @throws EvidenceError `archive_malformed`
 */
export function positionsOfIndex(bytes: Buffer): Float64Array<ArrayBuffer> {
  if (bytes.length % INDEX_ROW !== 0) throw malformed(`the index has ${bytes.length} bytes, no multiple of ${INDEX_ROW}`);
  const positions = new Float64Array(bytes.length / INDEX_ROW);
  for (let row = 0; row < positions.length; row += 1) {
    const high = bytes.readUInt32BE(row * INDEX_ROW);
    if (high >= 2 ** 21) throw malformed(`row ${row} of the index has a position above 2^53`);
    positions[row] = high * 2 ** 32 + bytes.readUInt32BE(row * INDEX_ROW + 4);
  }
  return positions;
}

/** The size of a tree that has the index's rows after `begin` leaves: those rows that come in order, and lie in a tree of `treeSize`. */
export function endOfIndex(bytes: Buffer, begin: number, treeSize: number): number {
  let end = begin;
  for (let at = 0; at + INDEX_ROW <= bytes.length; at += INDEX_ROW) {
    const position = bytes.readUInt32BE(at) * 2 ** 32 + bytes.readUInt32BE(at + 4);
    // As `positionsOfIndex`, which takes no row of such an index.
    if (bytes.length % INDEX_ROW !== 0 || position >= 2 ** 53) return begin;
    if (position >= end && position < treeSize) end = position + 1;
  }
  return end;
}

/** Entries as tlog-tiles bundles them: length in 16 bits, big-endian, then the bytes. */
export function formatEntries(entries: readonly Uint8Array[]): Buffer {
  const bytes = Buffer.allocUnsafe(entries.reduce((sum, { length }) => sum + 2 + length, 0));
  let at = 0;
  for (const entry of entries) {
    at = bytes.writeUInt16BE(entry.length, at);
    bytes.set(entry, at);
    at += entry.length;
  }
  return bytes;
}

/** Where all entries that can be read end; each begins two bytes behind the end of the one before. `rest` is the number of bytes behind them that are none. */
export function endsOfEntries(bytes: Buffer): { readonly ends: readonly number[]; readonly rest: number } {
  const ends: number[] = [];
  let at = 0;
  while (at + 2 <= bytes.length) {
    const end = at + 2 + bytes.readUInt16BE(at);
    if (end > bytes.length) break;
    ends.push(end);
    at = end;
  }
  return { ends, rest: bytes.length - at };
}

/** Each record: digest (32), 1 and salt (32), length (32 bits, big-endian) and body; or digest and 0; or digest, 2 and the erasing event's position (64 bits, big-endian). */
export function formatContents(records: readonly ContentRecord[]): Buffer {
  const parts: Uint8Array[] = [];
  for (const { digest, content, erasedAt } of records) {
    if (content === undefined) {
      parts.push(digest, erasedAt === undefined ? Buffer.of(0) : Buffer.concat([Buffer.of(2), positionBytes(erasedAt)]));
      continue;
    }
    const length = Buffer.allocUnsafe(4);
    length.writeUInt32BE(content.body.length);
    parts.push(digest, Buffer.of(1), content.salt, length, content.body);
  }
  return Buffer.concat(parts);
}

/** All records that can be read; `rest` is the number of bytes behind them that are none. */
export function parseContents(bytes: Buffer): { readonly records: readonly ContentRecord[]; readonly rest: number } {
  const records: ContentRecord[] = [];
  let at = 0;
  while (at + HASH < bytes.length) {
    const digest = bytes.subarray(at, at + HASH);
    const state = bytes[at + HASH];
    const body = at + HASH + 1 + HASH + 4;
    if (state === 0) {
      records.push({ digest, content: undefined });
      at += HASH + 1;
      continue;
    }
    if (state === 2 && at + HASH + 9 <= bytes.length) {
      const erasedAt = Number(bytes.readBigUInt64BE(at + HASH + 1));
      records.push({ digest, content: undefined, erasedAt });
      at += HASH + 9;
      continue;
    }
    if (state !== 1 || body > bytes.length) break;
    const end = body + bytes.readUInt32BE(body - 4);
    if (end > bytes.length) break;
    records.push({ digest, content: { salt: bytes.subarray(at + HASH + 1, body - 4), body: bytes.subarray(body, end) } });
    at = end;
  }
  return { records, rest: bytes.length - at };
}

function positionBytes(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
}

const malformed = (message: string): EvidenceError => new EvidenceError("archive_malformed", message);
