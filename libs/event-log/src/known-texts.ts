/**
 * A text out of an entry's bytes. Most texts of an entry are those of entries before it: they are found by their bytes, which is faster than to decode them, and
 * are held once. Whatever the texts are, no more of them are kept than there is room for.
 */
export function textOf(bytes: Buffer, begin: number, end: number): string {
  const length = end - begin;
  if (length === 0) return "";
  if (length > LONGEST_KNOWN) return bytes.toString("utf8", begin, end);
  const place = (length * 31 + (bytes[begin] ?? 0) * 7 + (bytes[end - 1] ?? 0) * 13 + (bytes[begin + (length >> 1)] ?? 0)) % KNOWN;
  const known = knownTexts[place];
  if (known !== undefined && isAt(known.bytes, bytes, begin, length)) return known.text;
  const text = bytes.toString("utf8", begin, end);
  knownTexts[place] = { bytes: Uint8Array.from(bytes.subarray(begin, end)), text };
  return text;
}

function isAt(known: Uint8Array, bytes: Buffer, begin: number, length: number): boolean {
  if (known.length !== length) return false;
  for (let index = 0; index < length; index += 1) if (known[index] !== bytes[begin + index]) return false;
  return true;
}

/** Ids are longer, and do not come again soon. */
const LONGEST_KNOWN = 32;
const KNOWN = 512;
const knownTexts: ({ readonly bytes: Uint8Array; readonly text: string } | undefined)[] = Array.from({ length: KNOWN });
