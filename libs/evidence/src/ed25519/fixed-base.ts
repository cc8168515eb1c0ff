import { add, addPoint, allocate, copy, invertAll, multiply, PRIME, store, subtract, subtractPoint } from "./field.ts";
import { ELEMENT } from "./field-program.ts";
import { bytesOf, numberOf } from "./little-endian.ts";

/** A point: X, Y, Z, T. */
export const POINT = 4 * ELEMENT;
/** An entry of a table: y+x, y-x, 2dxy. */
const ENTRY = 3 * ELEMENT;
const WINDOWS = 32;
/** Multiples of a window: of 1 to 128, as digits have a sign. */
const MULTIPLES = 128;

const square = (value: bigint): bigint => (value * value) % PRIME;
function raise(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  for (const bit of exponent.toString(2)) result = bit === "1" ? (square(result) * base) % PRIME : square(result);
  return result;
}
const reduce = (value: bigint): bigint => ((value % PRIME) + PRIME) % PRIME;
const D = reduce(-121665n * raise(121666n, PRIME - 2n));
const ROOT_OF_MINUS_ONE = raise(2n, (PRIME - 1n) / 4n);

type Affine = { readonly x: bigint; readonly y: bigint };

/** RFC 8032, section 5.1.3: the point that 32 bytes stand for; undefined for bytes that stand for none, or are not the one way to write it. */
export function decodePoint(bytes: Uint8Array): Affine | undefined {
  const encoded = numberOf(bytes);
  const sign = encoded >> 255n;
  const y = BigInt.asUintN(255, encoded);
  if (bytes.length !== 32 || y >= PRIME) return undefined;
  const [over, under] = [reduce(square(y) - 1n), reduce(D * square(y) + 1n)];
  const squared = (over * raise(under, PRIME - 2n)) % PRIME;
  const candidate = raise(squared, (PRIME + 3n) / 8n);
  const x = square(candidate) === squared ? candidate : (candidate * ROOT_OF_MINUS_ONE) % PRIME;
  if (square(x) !== squared || (x === 0n && sign === 1n)) return undefined;
  return { x: (x & 1n) === sign ? x : PRIME - x, y };
}

const BASE_Y = (4n * raise(5n, PRIME - 2n)) % PRIME;
/** RFC 8032, section 5.1: the base point B. */
export const BASE = decodePoint(bytesOf(BASE_Y));

/** Multiples of one point, so that every further multiple is a sum of 32 of them. 480 KiB for as long as the thread lives. */
export class FixedBase {
  readonly #entries = allocate(WINDOWS * MULTIPLES * 3);

  constructor({ x, y }: Affine) {
    const base = allocate(3);
    writeEntry(base, x, y);
    for (let window = 0; window < WINDOWS; window += 1) this.#fill(window, base);
  }

  /** point += scalar * base, or -=. The scalar is below 2^253, 32 bytes, little-endian. */
  accumulate(point: number, scalar: Uint8Array, sign: 1 | -1): void {
    let carry = 0;
    for (let window = 0; window < WINDOWS; window += 1) {
      const value = (scalar[window] ?? 0) + carry;
      carry = value >= MULTIPLES ? 1 : 0;
      const digit = (value - 2 * MULTIPLES * carry) * sign;
      if (digit > 0) addPoint(point, this.#entry(window, digit));
      else if (digit < 0) subtractPoint(point, this.#entry(window, -digit));
    }
  }

  #entry(window: number, multiple: number): number {
    return this.#entries + (window * MULTIPLES + multiple - 1) * ENTRY;
  }

  /** The multiples of what stands in `base`, where then stands 256 times as much. */
  #fill(window: number, base: number): void {
    neutral(sums);
    for (let multiple = 0; multiple < MULTIPLES; multiple += 1) {
      const sumAt = sums + multiple * POINT;
      if (multiple > 0) copy(sumAt, sumAt - POINT, 4);
      addPoint(sumAt, base);
    }
    copy(last, sums + (MULTIPLES - 1) * POINT, 4);
    normalize(MULTIPLES, (multiple) => this.#entry(window, multiple + 1));
    copy(sums, last, 4);
    addPoint(sums, this.#entry(window, MULTIPLES));
    normalize(1, () => base);
  }
}

const sums = allocate(MULTIPLES * 4);
const last = allocate(4);
const products = allocate(MULTIPLES);
const [x1, y1, twoD] = [allocate(1), allocate(1), allocate(1)];
store(twoD, reduce(2n * D));

/** The point that adds nothing. */
export function neutral(point: number): void {
  for (const [place, value] of [0n, 1n, 1n, 0n].entries()) store(point + place * ELEMENT, value);
}

function writeEntry(entry: number, x: bigint, y: bigint): void {
  store(entry, reduce(y + x));
  store(entry + ELEMENT, reduce(y - x));
  store(entry + 2 * ELEMENT, reduce(2n * D * x * y));
}

/** Entries out of the first of `sums`, whose Z are then inverted. */
function normalize(count: number, entryOf: (number: number) => number): void {
  const points = Array.from({ length: count }, (_, number) => sums + number * POINT);
  invertAll(
    points.map((point) => point + 2 * ELEMENT),
    products,
  );
  for (const [number, point] of points.entries()) {
    const entry = entryOf(number);
    multiply(x1, point, point + 2 * ELEMENT);
    multiply(y1, point + ELEMENT, point + 2 * ELEMENT);
    add(entry, y1, x1);
    subtract(entry + ELEMENT, y1, x1);
    multiply(entry + 2 * ELEMENT, x1, y1);
    multiply(entry + 2 * ELEMENT, entry + 2 * ELEMENT, twoD);
  }
}
