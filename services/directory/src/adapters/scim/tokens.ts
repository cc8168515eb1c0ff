import { createHash, timingSafeEqual } from "node:crypto";

/** A token that speaks for a tenant, known by its SHA-256 alone. */
export type ScimToken = { readonly tenant: string; /** For the log. */ readonly name: string; readonly sha256: Uint8Array };

const MAX_LENGTH = 4096;

/** Whose token this is. All are compared, each in constant time, so that the time taken says nothing of any of them. */
export function tokenOf(tokens: readonly ScimToken[], authorization: string | undefined): ScimToken | undefined {
  const [, given] = /^Bearer +([\x21-\x7e]+) *$/i.exec((authorization ?? "").slice(0, MAX_LENGTH)) ?? [];
  if (given === undefined) return undefined;
  const digest = createHash("sha256").update(given).digest();
  let found: ScimToken | undefined;
  for (const token of tokens) if (timingSafeEqual(token.sha256, digest)) found = token;
  return found;
}
