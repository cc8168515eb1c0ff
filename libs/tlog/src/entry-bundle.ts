import { TlogError } from "./error.ts";
import { TILE_WIDTH } from "./tile.ts";

/** A bundle writes an entry's length in 16 bits: no entry of a tiled log may be longer. */
export const MAX_ENTRY_BYTES = 0xffff;

/** Writes the entries under one tile of level 0, each after its length. Throws `entry_too_large` or `entry_bundle_malformed`. */
export function formatEntryBundle(entries: readonly Uint8Array[]): Buffer {
  if (entries.length === 0 || entries.length > TILE_WIDTH) {
    throw new TlogError("entry_bundle_malformed", `a bundle holds 1 to ${TILE_WIDTH} entries, not ${entries.length}`);
  }
  return Buffer.concat(entries.flatMap((entry) => [lengthOf(entry), entry]));
}

/** Reads a bundle of exactly `width` entries; the entries share its memory. Throws `entry_bundle_malformed`. */
export function parseEntryBundle(bytes: Uint8Array, width: number): readonly Uint8Array[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries: Uint8Array[] = [];
  let offset = 0;
  while (entries.length < width) {
    const start = offset + LENGTH_BYTES;
    const end = start <= bytes.length ? start + view.getUint16(offset) : Infinity;
    if (end > bytes.length) throw new TlogError("entry_bundle_malformed", `the bundle ends within entry ${entries.length} of ${width}`);
    entries.push(bytes.subarray(start, end));
    offset = end;
  }
  if (offset !== bytes.length) throw new TlogError("entry_bundle_malformed", `the bundle goes on after its ${width} entries`);
  return entries;
}

function lengthOf(entry: Uint8Array): Uint8Array {
  if (entry.length > MAX_ENTRY_BYTES)
    throw new TlogError("entry_too_large", `an entry has at most ${MAX_ENTRY_BYTES} bytes, not ${entry.length}`);
  return Uint8Array.of(entry.length >> 8, entry.length & 0xff);
}

const LENGTH_BYTES = 2;
