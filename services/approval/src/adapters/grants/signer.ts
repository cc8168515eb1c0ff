import { createHmac, hash, sign } from "node:crypto";
import { promisify } from "node:util";
import { canonicalJson } from "@countersign/digest";
import { LRUCache } from "lru-cache";
import type { Ballot, GrantClaims, Minted, Signer } from "../../usecases/ports.ts";
import { fromHex } from "../wire/bytes.ts";
import type { GrantKeys } from "./grant-keys.ts";

/** What every signed vote starts with, so that its signature can mean nothing else. */
const VOTE_CONTEXT = "countersign-vote/v1\n";

/** Signed once for a secret that only the key's holder has; nothing else that is signed starts with it. */
const FINGERPRINT_CONTEXT = "countersign-fingerprint/v1\n";

/** In memory only, beside the key that could sign them again. */
const RECENT_TOKENS = 2048;

/** Given a callback, Node signs on its thread pool. */
const signOnPool = promisify(sign);

/**
 * Signs on the thread pool: the thread that decides is the first to be busy, and a signature is a good part of its work for an action. RFC 8032
 * makes it deterministic: the same claims give the same token, so that no token is stored and a retry gets the one it was given before. Keep the
 * claims' order for that.
 */
export function createSigner(keys: GrantKeys, issuer: string): Signer {
  // What a vote signs, or is just signing, is what its waiting requester asks for next.
  const recent = new LRUCache<string, Promise<Minted>>({ max: RECENT_TOKENS });
  const secret = sign(null, Buffer.from(FINGERPRINT_CONTEXT), keys.privateKey);
  const header = base64url(JSON.stringify({ alg: "EdDSA", kid: keys.keyId, typ: "grant+jwt" }));
  const mint = async (signed: string): Promise<Minted> => {
    const signature = await signOnPool(null, Buffer.from(signed), keys.privateKey);
    const token = `${signed}.${signature.toString("base64url")}`;
    return { token, digest: tokenDigest(token) };
  };
  return {
    keyId: keys.keyId,
    mint(claims) {
      const signed = `${header}.${base64url(JSON.stringify(payload(claims, issuer)))}`;
      const known = recent.get(signed);
      if (known !== undefined) return known;
      const minted = mint(signed);
      recent.set(signed, minted);
      // Whoever waits is told; the next one tries again.
      minted.catch(() => recent.delete(signed));
      return minted;
    },
    async signVote(ballot) {
      const signature = await signOnPool(null, Buffer.from(voteText(ballot)), keys.privateKey);
      return signature.toString("hex");
    },
    fingerprint: (text) => createHmac("sha256", secret).update(text).digest("hex"),
  };
}

/** SHA-256 of a token, as the log holds it. */
export function tokenDigest(token: string): string {
  return hash("sha256", token, "hex");
}

/** What a vote's signature covers: RFC 8785 JSON, digests in lower-case hex, time in RFC 3339 with milliseconds, UTC. */
export function voteText({ tenant, actionId, digest, shownDigest, reviewer, decision, stage, at }: Ballot): string {
  const { issuer, id } = reviewer;
  const time = new Date(at).toISOString();
  const what = { action_id: actionId, digest, shown_digest: shownDigest, decision, stage };
  return VOTE_CONTEXT + canonicalJson({ tenant, ...what, reviewer: { issuer, id }, time });
}

function payload({ principal, grantId, issuedAt, expiresAt, tenant, actionId, digest }: GrantClaims, issuer: string) {
  return {
    iss: issuer,
    aud: "countersign",
    sub: principal.id,
    jti: grantId,
    iat: issuedAt / 1000,
    exp: expiresAt / 1000,
    tenant,
    action_id: actionId,
    digest: fromHex(digest).toString("base64url"),
    principal_issuer: principal.issuer,
  };
}

function base64url(text: string): string {
  return Buffer.from(text).toString("base64url");
}
