import { hash } from "node:crypto";
import { allocate, copy, invertAll, multiply, write } from "./field.ts";
import { ELEMENT } from "./field-program.ts";
import { bytesOf, numberOf } from "./little-endian.ts";
import { BASE, decodePoint, FixedBase, neutral, POINT } from "./fixed-base.ts";

/** RFC 8032, section 5.1: the order of the base point, L. */
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
/** Signatures that are decided together. */
export const BATCH = 256;

const ORDER_BYTES = bytesOf(ORDER);
let base: FixedBase | undefined;
const points = allocate(BATCH * 4);
const products = allocate(BATCH);
const [x1, y1] = [allocate(1), allocate(1)];
const zero = allocate(4);
neutral(zero);

/**
 * Verifies many signatures of one Ed25519 key (RFC 8032, section 5.1.7, without the cofactor, as OpenSSL does): R is what s*B - k*A is written as. OpenSSL computes both products
 * anew for every signature, here they come out of tables of multiples of A and B, in a fifth of the time. There is nothing secret about a signature, so nothing here takes
 * care of how long it takes.
 */
export class KnownKey {
  readonly #key: Uint8Array;
  readonly #multiples: FixedBase;

  private constructor(key: Uint8Array, multiples: FixedBase) {
    this.#key = key;
    this.#multiples = multiples;
  }

  /** Undefined for bytes that are no key, not written as keys are, or of small order: what these have signed, if anything, is for OpenSSL to say. */
  static of(key: Uint8Array): KnownKey | undefined {
    const point = decodePoint(key);
    if (point === undefined) return undefined;
    const multiples = new FixedBase(point);
    copy(points, zero, 4);
    multiples.accumulate(points, Uint8Array.of(8), 1);
    // Eight times a point of small order is the neutral one, whose x is 0, and no other multiple of eight has that.
    write(points, encodedX);
    return encodedX.every((byte) => byte === 0) ? undefined : new KnownKey(key, multiples);
  }

  /** For each pair whether the signature is the key's; at most `BATCH`. */
  verify(pairs: readonly { readonly message: Uint8Array; readonly signature: Uint8Array }[]): readonly boolean[] {
    if (pairs.length > BATCH) throw new RangeError(`${pairs.length} signatures at once`);
    if (BASE === undefined) throw new RangeError("the base point is one");
    base ??= new FixedBase(BASE);
    const numbered = pairs.map(({ message, signature }, number) => ({ message, signature, point: points + number * POINT }));
    for (const { message, signature, point } of numbered) {
      copy(point, zero, 4);
      if (!isBelowOrder(signature)) continue;
      const challenge = hash("sha512", Buffer.concat([signature.subarray(0, 32), this.#key, message]), "hex");
      base.accumulate(point, signature.subarray(32), 1);
      this.#multiples.accumulate(point, bytesOf(numberOf(Buffer.from(challenge, "hex")) % ORDER), -1);
    }
    invertAll(
      numbered.map(({ point }) => point + 2 * ELEMENT),
      products,
    );
    return numbered.map(({ signature, point }) => isBelowOrder(signature) && encode(point).equals(signature.subarray(0, 32)));
  }
}

/** Whether there are 64 bytes, and s is what it must be: no other s is good for the same message. */
function isBelowOrder(signature: Uint8Array): boolean {
  if (signature.length !== 64) return false;
  for (let at = 31; at >= 0; at -= 1) {
    const [byte, limit] = [signature[32 + at] ?? 0, ORDER_BYTES[at] ?? 0];
    if (byte !== limit) return byte < limit;
  }
  return false;
}

const encodedY = Buffer.alloc(32);
const encodedX = Buffer.alloc(32);

/** RFC 8032, section 5.1.2, of a point whose Z was inverted. Good until the next one. */
function encode(point: number): Buffer {
  multiply(x1, point, point + 2 * ELEMENT);
  multiply(y1, point + ELEMENT, point + 2 * ELEMENT);
  write(x1, encodedX);
  write(y1, encodedY);
  encodedY[31] = (encodedY[31] ?? 0) | (((encodedX[0] ?? 0) & 1) << 7);
  return encodedY;
}
