import { createPublicKey, verify } from "node:crypto";
import { readFileSync } from "node:fs";
import { z } from "zod";
import type { SigningKey } from "../ports.ts";

/** Where a HashiCorp Vault (or OpenBao) is, and who we are there. */
export type VaultSettings = {
  /** For example https://vault.internal:8200 */
  readonly address: string;
  /** Holds the token; read for each signature, as an agent writes new ones into it. */
  readonly tokenFile: string;
  readonly namespace: string | undefined;
  /** A signature that takes longer has failed. */
  readonly timeoutMs: number;
};

/**
 * A key of Vault's transit engine, which signs and never gives the key away: `<mount>/<key>:<version>=<public key in base64>`. The version and the public key are pinned:
 * a key that was rotated, or exchanged, signs nothing of ours until somebody says so here.
 * @throws Error when the text or the address is none.
 */
export function vaultKey(text: string, settings: VaultSettings): SigningKey {
  const [, mount, name, version, encoded = ""] = KEY.exec(text) ?? [];
  if (mount === undefined || name === undefined) throw new Error(`${text} is not <mount>/<key>:<version>=<public key in base64>`);
  const publicKey = Buffer.from(encoded, "base64");
  const jwk = { kty: "OKP", crv: "Ed25519", x: publicKey.toString("base64url") };
  const handle = createPublicKey({ key: jwk, format: "jwk" });
  const url = signUrl(settings.address, mount, name);
  return {
    publicKey,
    sign: async (message) => {
      const signature = await askVault(url, settings, { input: Buffer.from(message).toString("base64"), key_version: Number(version) });
      const bytes = signatureOf(signature, version);
      // Nothing goes out that does not verify: not from another key, not from whoever answers in Vault's place.
      if (bytes === undefined || !verify(null, message, handle, bytes))
        throw new Error(`what ${url.href} signed is not by version ${version} with the pinned key`);
      return bytes;
    },
  };
}

const KEY = /^([\w-]+(?:\/[\w-]+)*)\/([\w.-]+):([1-9][0-9]{0,8})=([A-Za-z0-9+/]{43}=)$/;

function signUrl(address: string, mount: string, name: string): URL {
  const url = new URL(`/v1/${mount}/sign/${name}`, address);
  const local = ["127.0.0.1", "[::1]", "localhost"].includes(url.hostname);
  if (url.protocol !== "https:" && !(url.protocol === "http:" && local)) throw new Error("a Vault is reached by https, or on this machine");
  if (url.username !== "" || url.password !== "") throw new Error("the token of a Vault belongs into its file, not into its address");
  return url;
}

const answerSchema = z.object({ data: z.object({ signature: z.string().max(1000) }) });

/** Errors name the address and the status, and nothing that was sent or came back. */
async function askVault(url: URL, settings: VaultSettings, body: object): Promise<string> {
  const token = readFileSync(settings.tokenFile, "utf8").trim();
  if (!/^[\x21-\x7e]+$/.test(token)) throw new Error(`${settings.tokenFile} holds no token`);
  const namespace = settings.namespace === undefined ? {} : { "x-vault-namespace": settings.namespace };
  const headers = { "content-type": "application/json", "x-vault-request": "true", "x-vault-token": token, ...namespace };
  const signal = AbortSignal.timeout(settings.timeoutMs);
  const failed = (why: string): Error => new Error(`${url.href}: ${why}`);
  const response = await fetch(url, { method: "POST", headers, body: JSON.stringify(body), redirect: "error", signal }).catch(
    () => undefined,
  );
  const answer: unknown = await response?.json().catch(() => undefined);
  if (signal.aborted) throw failed(`no answer within ${settings.timeoutMs} ms`);
  if (response === undefined) throw failed("it cannot be reached, or sends us elsewhere");
  const parsed = answerSchema.safeParse(answer);
  if (!response.ok || !parsed.success) throw failed(`it answered with status ${response.status} and no signature`);
  return parsed.data.data.signature;
}

/** `vault:v<version>:<base64>` */
function signatureOf(text: string, version: string | undefined): Buffer | undefined {
  const [, signed, encoded = ""] = /^vault:v([1-9][0-9]*):([A-Za-z0-9+/]{86}==)$/.exec(text) ?? [];
  return signed !== undefined && signed === version ? Buffer.from(encoded, "base64") : undefined;
}
