import { createHash } from "node:crypto";

/** What a page token belongs to: whoever changes the tenant, the caller's view or the filter between pages gets an error, not a wrong page. */
export type ListIdentity = { readonly list: string; readonly tenant: string; readonly view: string; readonly filter: readonly unknown[] };

/**
 * Where a list goes on, opaque to callers. It is no secret and grants nothing: tenant and rights always come from the call, and a token that was
 * made by hand can only name another place in the same list.
 */
export function pageToken(identity: ListIdentity, cursor: readonly number[]): string {
  const bytes = Buffer.alloc(BINDING + 8 * cursor.length);
  binding(identity).copy(bytes);
  for (const [index, value] of cursor.entries()) bytes.writeBigUInt64BE(BigInt(value), BINDING + 8 * index);
  return bytes.toString("base64url");
}

/** The cursor, or nothing when the token is not one that `pageToken` made for this list. */
export function readPageToken(identity: ListIdentity, token: string, length: number): readonly number[] | undefined {
  const bytes = Buffer.from(token, "base64url");
  // Node decodes leniently: only the one canonical form is a token.
  if (bytes.length !== BINDING + 8 * length || bytes.toString("base64url") !== token) return undefined;
  if (!bytes.subarray(0, BINDING).equals(binding(identity))) return undefined;
  const cursor = Array.from({ length }, (_, index) => Number(bytes.readBigUInt64BE(BINDING + 8 * index)));
  return cursor.every((value) => Number.isSafeInteger(value)) ? cursor : undefined;
}

const BINDING = 16;

function binding(identity: ListIdentity): Buffer {
  const text = JSON.stringify([identity.list, identity.tenant, identity.view, identity.filter]);
  return createHash("sha256").update(text).digest().subarray(0, BINDING);
}
