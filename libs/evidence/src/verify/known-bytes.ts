/**
 * What stands for a stretch of bytes that comes again and again, without making it a text each time. A value is made once for each text, or as often as two texts
 * drive each other out of their place: no more are held than there are places.
 */
export class KnownBytes<Value> {
  readonly #make: (text: string) => Value;
  readonly #known: ({ readonly bytes: Uint8Array; readonly value: Value } | undefined)[] = Array.from({ length: PLACES });

  constructor(make: (text: string) => Value) {
    this.#make = make;
  }

  find(bytes: Buffer, begin: number, end: number): Value {
    const length = end - begin;
    const place = (length * 31 + (bytes[begin] ?? 0) * 7 + (bytes[end - 1] ?? 0) * 13 + (bytes[begin + (length >> 1)] ?? 0)) % PLACES;
    const known = this.#known[place];
    if (known !== undefined && isAt(known.bytes, bytes, begin, length)) return known.value;
    const value = this.#make(bytes.toString("utf8", begin, end));
    this.#known[place] = { bytes: Uint8Array.from(bytes.subarray(begin, end)), value };
    return value;
  }
}

const PLACES = 256;

function isAt(known: Uint8Array, bytes: Buffer, begin: number, length: number): boolean {
  if (known.length !== length) return false;
  for (let index = 0; index < length; index += 1) if (known[index] !== bytes[begin + index]) return false;
  return true;
}
