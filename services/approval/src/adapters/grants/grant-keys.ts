import { createHash, createPrivateKey, createPublicKey, type KeyObject } from "node:crypto";

/** A public key as RFC 8037 writes it, named by its RFC 7638 thumbprint. */
export type GrantJwk = {
  readonly kty: "OKP";
  readonly crv: "Ed25519";
  readonly x: string;
  readonly kid: string;
  readonly alg: "EdDSA";
  readonly use: "sig";
};

export type GrantKeys = {
  readonly privateKey: KeyObject;
  readonly keyId: string;
  /** The signing key's public half first, then those that earlier grants and votes were signed with. */
  readonly jwks: readonly GrantJwk[];
};

/**
 * Reads the signing key (PKCS#8 PEM) and the public keys (SPKI PEM) of earlier ones.
 * @throws Error on anything that is not an Ed25519 key.
 */
export function readGrantKeys(privatePem: string, earlierPublicPems: readonly string[] = []): GrantKeys {
  const privateKey = createPrivateKey(privatePem);
  const current = toJwk(createPublicKey(privateKey));
  const earlier = earlierPublicPems.map((pem) => toJwk(createPublicKey(pem)));
  const jwks = [current, ...earlier.filter((jwk) => jwk.kid !== current.kid)];
  return { privateKey, keyId: current.kid, jwks };
}

function toJwk(key: KeyObject): GrantJwk {
  const { crv, x } = key.export({ format: "jwk" });
  if (key.asymmetricKeyType !== "ed25519" || crv !== "Ed25519" || x === undefined) throw new Error("not an Ed25519 key");
  const kid = createHash("sha256")
    .update(JSON.stringify({ crv, kty: "OKP", x }))
    .digest("base64url");
  return { kty: "OKP", crv, x, kid, alg: "EdDSA", use: "sig" };
}
