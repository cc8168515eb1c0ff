import { hash, randomBytes } from "node:crypto";

/** 32 random bytes: what makes the hash of a guessable text unguessable once the salt is erased. */
export function newSalt(): Buffer {
  return randomBytes(32);
}

/** SHA-256(salt || body), 32 bytes: what an entry holds in place of content. */
export function contentDigest(salt: Uint8Array, body: Uint8Array): Buffer {
  // One call and a string of bytes cost a third of a hash object and its buffer.
  return Buffer.from(hash("sha256", Buffer.concat([salt, body]), "binary"), "binary");
}
