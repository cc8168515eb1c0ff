import { createHash, createPublicKey, type KeyObject } from "node:crypto";

/** A public key of votes and grants: Ed25519 as RFC 8037 writes it, named by its RFC 7638 thumbprint. */
export type GrantKey = { readonly kid: string; readonly x: string };

/** The keys as a JWK set. */
export function formatGrantKeys(keys: readonly GrantKey[]): Buffer {
  const jwks = keys.map(({ kid, x }) => ({ kty: "OKP", crv: "Ed25519", x, kid, alg: "EdDSA", use: "sig" }));
  return Buffer.from(`${JSON.stringify({ keys: jwks })}\n`);
}

/** The Ed25519 keys of a JWK set that this deployment made. */
export function parseGrantKeys(jwks: string): readonly GrantKey[] {
  return (parse(Buffer.from(jwks)) ?? []).flatMap(({ kty, crv, x, kid }) =>
    kty === "OKP" && crv === "Ed25519" && typeof x === "string" && typeof kid === "string" ? [{ kid, x }] : [],
  );
}

/**
 * The Ed25519 keys of a JWK set under their thumbprints, computed here. An entry names the key of a vote by its thumbprint, which is a hash of the key: no
 * other key can take its place, wherever the set came from. Undefined when the bytes are no JWK set.
 */
export function readGrantKeys(bytes: Uint8Array): ReadonlyMap<string, KeyObject> | undefined {
  const set = parse(bytes);
  if (set === undefined) return undefined;
  const keys = new Map<string, KeyObject>();
  for (const jwk of set) {
    const { kty, crv, x } = jwk;
    if (kty !== "OKP" || crv !== "Ed25519" || typeof x !== "string") continue;
    const thumbprint = createHash("sha256").update(JSON.stringify({ crv, kty, x })).digest("base64url");
    try {
      keys.set(thumbprint, createPublicKey({ key: { kty, crv, x }, format: "jwk" }));
    } catch {
      return undefined;
    }
  }
  return keys;
}

type Jwk = Readonly<Partial<Record<"kty" | "crv" | "x" | "kid", unknown>>>;

function parse(bytes: Uint8Array): readonly Jwk[] | undefined {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(bytes).toString("utf8"));
    if (typeof parsed !== "object" || parsed === null || !("keys" in parsed) || !Array.isArray(parsed.keys)) return undefined;
    return parsed.keys.filter((key: unknown): key is Jwk => typeof key === "object" && key !== null);
  } catch {
    return undefined;
  }
}
