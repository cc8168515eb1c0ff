import { hash, randomFillSync } from "node:crypto";

const SALT_BYTES = 32;

/** 32 random bytes: what makes the hash of a guessable text unguessable once the salt is erased. */
export function newSalt(): Buffer {
  if (offset === pool.length) {
    randomFillSync(pool);
    offset = 0;
  }
  const next = pool.subarray(offset, (offset += SALT_BYTES));
  const salt = Buffer.from(next);
  // An erased salt must not live on here.
  next.fill(0);
  return salt;
}

// One call to the system for many salts.
const pool = Buffer.alloc(SALT_BYTES * 128);
let offset = pool.length;

/** SHA-256(salt || body), 32 bytes: what an entry holds in place of content. */
export function contentDigest(salt: Uint8Array, body: Uint8Array): Buffer {
  // One call and a string of bytes cost a third of a hash object and its buffer.
  return Buffer.from(hash("sha256", Buffer.concat([salt, body]), "binary"), "binary");
}

/** Whether an entry that holds this digest names this content. A salt has one length: bytes that move between salt and body leave the hash as it is. */
export function isContentOf(digest: Uint8Array, { salt, body }: { readonly salt: Uint8Array; readonly body: Uint8Array }): boolean {
  return salt.length === SALT_BYTES && contentDigest(salt, body).equals(digest);
}
