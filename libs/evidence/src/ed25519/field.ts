import { bitsOf, ELEMENT, fieldProgram, FREE, LIMBS } from "./field-program.ts";

/** The prime of the field, 2^255 - 19. */
export const PRIME = 2n ** 255n - 19n;

/** Addresses of elements and points in the arithmetic's memory. */
type Operation = (out: number, left: number, right: number) => void;
type Exports = {
  readonly add: Operation;
  readonly subtract: Operation;
  readonly multiply: Operation;
  readonly addPoint: (point: number, entry: number) => void;
  readonly subtractPoint: (point: number, entry: number) => void;
};

/** What we use of a global that is declared with browsers' types only. */
declare const WebAssembly: {
  readonly Memory: new (limits: { readonly initial: number }) => { readonly buffer: ArrayBuffer; grow(pages: number): number };
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  readonly Instance: new (module: object, imports: { readonly env: { readonly memory: object } }) => { readonly exports: object };
};

const PAGE = 65_536;
const memory = new WebAssembly.Memory({ initial: 1 });
const program = new WebAssembly.Instance(new WebAssembly.Module(fieldProgram()), { env: { memory } });
export const { add, subtract, multiply, addPoint, subtractPoint } = program.exports as Exports;
let free = FREE;
let words = new Int32Array(memory.buffer);

/** Room for some elements, for as long as the thread lives; all zeros. */
export function allocate(elements: number): number {
  const at = free;
  free += elements * ELEMENT;
  if (free > memory.buffer.byteLength) {
    memory.grow(Math.ceil((free - memory.buffer.byteLength) / PAGE));
    words = new Int32Array(memory.buffer);
  }
  return at;
}

export function copy(to: number, from: number, elements = 1): void {
  words.copyWithin(to / 4, from / 4, from / 4 + elements * LIMBS);
}

export function store(at: number, value: bigint): void {
  let rest = value;
  for (let limb = 0; limb < LIMBS; limb += 1) {
    words[at / 4 + limb] = Number(BigInt.asUintN(bitsOf(limb), rest));
    rest >>= BigInt(bitsOf(limb));
  }
}

/** out = 1 / value, by Fermat. */
export function invert(out: number, value: number): void {
  copy(power, value);
  for (let bit = EXPONENT.length - 2; bit >= 0; bit -= 1) {
    multiply(power, power, power);
    if (EXPONENT[EXPONENT.length - 1 - bit] === "1") multiply(power, power, value);
  }
  copy(out, power);
}

const EXPONENT = (PRIME - 2n).toString(2);
const power = allocate(1);

/** Replaces each element by its inverse, for the price of one inversion and three products each (Montgomery). None may be zero. `products` has room for as many elements. */
export function invertAll(elements: readonly number[], products: number): void {
  let before: number | undefined;
  for (const [number, element] of elements.entries()) {
    const product = products + number * ELEMENT;
    if (before === undefined) copy(product, element);
    else multiply(product, before, element);
    before = product;
  }
  if (before === undefined) return;
  invert(inverse, before);
  for (let number = elements.length - 1; number > 0; number -= 1) {
    const element = elements[number] ?? 0;
    multiply(next, inverse, element);
    multiply(element, inverse, products + (number - 1) * ELEMENT);
    copy(inverse, next);
  }
  copy(elements[0] ?? 0, inverse);
}

const inverse = allocate(1);
const next = allocate(1);

/** The one 32 bytes, little-endian, that stand for an element which `multiply` made. */
export function write(at: number, out: Uint8Array): void {
  const limb = (number: number): number => words[at / 4 + number] ?? 0;
  // How often the prime has to be taken away, as the reference implementation finds it.
  let over = (19 * limb(9) + 2 ** 24) >> 25;
  for (let number = 0; number < LIMBS; number += 1) over = (limb(number) + over) >> bitsOf(number);
  let carry = 19 * over;
  let [gathered, bits, place] = [0, 0, 0];
  for (let number = 0; number < LIMBS; number += 1) {
    const width = bitsOf(number);
    const value = limb(number) + carry;
    carry = value >> width;
    gathered += (value - carry * 2 ** width) * 2 ** bits;
    for (bits += width; bits >= 8; bits -= 8) {
      out[place++] = gathered % 256;
      gathered = Math.floor(gathered / 256);
    }
  }
  out[place] = gathered;
}
