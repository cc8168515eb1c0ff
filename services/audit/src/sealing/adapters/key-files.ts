import { createPrivateKey, createPublicKey, sign } from "node:crypto";
import { readFileSync } from "node:fs";
import type { SigningKey } from "../ports.ts";

/**
 * A key in a PKCS#8 PEM file; `vaultKey` is one that lies elsewhere.
 * @throws Error when the file holds no Ed25519 private key.
 */
export function readKeyFile(path: string): SigningKey {
  const handle = createPrivateKey(readFileSync(path));
  if (handle.asymmetricKeyType !== "ed25519") throw new Error(`${path} holds no Ed25519 private key`);
  return {
    publicKey: createPublicKey(handle).export({ format: "der", type: "spki" }).subarray(-PUBLIC_KEY_BYTES),
    sign: async (message) => sign(null, message, handle),
  };
}

const PUBLIC_KEY_BYTES = 32;
