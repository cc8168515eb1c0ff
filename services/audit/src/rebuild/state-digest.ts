import { createHash } from "node:crypto";

const SIZE = 32;
const MODULUS = 1n << 256n;

/**
 * A digest of a set of rows that moves along with them: the sum of their SHA-256 hashes modulo 2^256. The order in which rows were written does not
 * matter, so two builds have the same digest at the same position whatever their batches. It compares builds with each other; it is no defence
 * against somebody who may choose rows, which is why live and rebuilt tables are compared by the digest of `table-digest.ts` as well.
 */
export class StateDigest {
  #sum: bigint;

  constructor(bytes: Uint8Array = new Uint8Array(SIZE)) {
    this.#sum = bytes.length === 0 ? 0n : BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
  }

  change(before: string | undefined, after: string): void {
    const removed = before === undefined ? 0n : hashOf(before);
    this.#sum = (this.#sum + hashOf(after) - removed + MODULUS) % MODULUS;
  }

  bytes(): Buffer {
    return Buffer.from(this.#sum.toString(16).padStart(2 * SIZE, "0"), "hex");
  }
}

function hashOf(text: string): bigint {
  return BigInt(`0x${createHash("sha256").update(text).digest("hex")}`);
}
