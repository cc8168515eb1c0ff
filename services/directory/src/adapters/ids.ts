import { randomBytes } from "node:crypto";

/** UUIDv7 (RFC 9562), as text: ids in the order in which they were made. */
export function newId(now: Date): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(now.getTime(), 0, 6);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x70;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toString("hex").replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

/** Crockford's letters: none that look alike. */
const LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/** 80 random bits for a human to copy: nobody guesses one, also not by trying hashes for as long as it is good. */
export function newCode(): string {
  const letters = Array.from(randomBytes(16), (byte) => LETTERS[byte & 31]).join("");
  return letters.replace(/(.{4})(?=.)/g, "$1-");
}
