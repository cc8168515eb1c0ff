import { hash } from "node:crypto";

/** Half of the hash, as RFC 2104 (section 5) has it at least. */
export const CODE_BYTES = 16;
/** What SHA-256 takes at a time, and makes of it. */
const BLOCK = 64;
const HASH = 32;
/** A label and a leaf hash, or a label and what is kept for a caller's key, mostly. */
const ROOM = 1024;

/**
 * A key for HMAC-SHA256 (RFC 2104). Its two padded blocks are made once, and a code is two hashes in one go each: `createHmac` takes three times as long, and leaves the garbage
 * collector an object of OpenSSL's for each, where there is a code for every event that is written or read.
 */
export class HmacKey {
  readonly #inner = Buffer.alloc(BLOCK + ROOM, 0x36);
  readonly #outer = Buffer.alloc(BLOCK + HASH, 0x5c);
  readonly #code = Buffer.alloc(HASH);
  readonly #firstHalf = this.#code.subarray(0, CODE_BYTES);

  /** @param key of 64 bytes at most, where longer ones would have to be hashed first */
  constructor(key: Uint8Array) {
    if (key.byteLength > BLOCK) throw new RangeError(`a key has at most ${BLOCK} bytes`);
    for (const [index, byte] of key.entries()) {
      this.#inner[index] = byte ^ 0x36;
      this.#outer[index] = byte ^ 0x5c;
    }
  }

  equals(other: HmacKey): boolean {
    return this.#outer.subarray(0, BLOCK).equals(other.#outer.subarray(0, BLOCK));
  }

  /** The first half of the HMAC of these two, one behind the other. Good until the next one is made: a buffer for each would cost every reader more than the hashes. */
  codeOf(label: Uint8Array, bytes: Uint8Array): Buffer {
    this.#outer.write(hash("sha256", this.#padded(label, bytes), "binary"), BLOCK, "binary");
    this.#code.write(hash("sha256", this.#outer, "binary"), "binary");
    return this.#firstHalf;
  }

  #padded(label: Uint8Array, bytes: Uint8Array): Buffer {
    const length = label.byteLength + bytes.byteLength;
    if (length > ROOM) return Buffer.concat([this.#inner.subarray(0, BLOCK), label, bytes]);
    this.#inner.set(label, BLOCK);
    this.#inner.set(bytes, BLOCK + label.byteLength);
    return this.#inner.subarray(0, BLOCK + length);
  }
}
