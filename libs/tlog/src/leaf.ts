import { hash } from "node:crypto";

/** Bytes of a SHA-256 hash. */
export const HASH_SIZE = 32;

/** Leaf hash of RFC 6962 section 2.1: SHA-256(0x00 || entry), 32 bytes. */
export function leafHash(entry: Uint8Array): Buffer {
  const input = Buffer.allocUnsafe(1 + entry.length);
  input[0] = LEAF_PREFIX;
  input.set(entry, 1);
  return hash("sha256", input, "buffer");
}

/** Interior node of RFC 6962 section 2.1: SHA-256(0x01 || left || right), 32 bytes. */
export function nodeHash(left: Uint8Array, right: Uint8Array): Buffer {
  const input = Buffer.allocUnsafe(1 + left.length + right.length);
  input[0] = NODE_PREFIX;
  input.set(left, 1);
  input.set(right, 1 + left.length);
  return hash("sha256", input, "buffer");
}

/** SHA-256 of the bytes alone. */
export const sha256 = (bytes: Uint8Array): Buffer => hash("sha256", bytes, "buffer");

const LEAF_PREFIX = 0x00;
const NODE_PREFIX = 0x01;

/** Root of the tree without leaves: SHA-256 of nothing. */
export const EMPTY_ROOT: Buffer = sha256(new Uint8Array());
