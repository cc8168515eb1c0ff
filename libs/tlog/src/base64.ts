import { TlogError } from "./error.ts";
import { HASH_SIZE } from "./leaf.ts";

/** Standard base64 with padding, in its one canonical spelling: equal bytes never hide behind different text. Throws `base64_malformed`. */
export function parseBase64(text: string, what: string): Buffer {
  const bytes = Buffer.from(text, "base64");
  if (bytes.toString("base64") !== text) throw new TlogError("base64_malformed", `${what} is not canonical base64`);
  return bytes;
}

/** Base64 of exactly one SHA-256 hash. Throws `base64_malformed` or `hash_malformed`. */
export function parseHash(text: string, what: string): Buffer {
  return checkHash(parseBase64(text, what), what);
}

/** The hash, if it has 32 bytes. Throws `hash_malformed`. */
export function checkHash<Hash extends Uint8Array>(hash: Hash, what: string): Hash {
  if (hash.length !== HASH_SIZE) throw new TlogError("hash_malformed", `${what} has ${hash.length} bytes, not ${HASH_SIZE}`);
  return hash;
}

export function formatBase64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64");
}
