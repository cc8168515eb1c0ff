import { createPublicKey, generateKeyPairSync, type KeyObject, verify } from "node:crypto";
import { expect, it } from "vitest";
import { ann, DIGEST, exporter, hex, T0 } from "../../testing/fixtures.ts";
import { privatePem } from "../../testing/test-approval.ts";
import { readGrantKeys } from "./grant-keys.ts";
import { createSigner, tokenDigest, voteText } from "./signer.ts";

const keys = readGrantKeys(privatePem);
const claims = {
  tenant: "acme",
  actionId: "a-1",
  grantId: "g-1",
  digest: DIGEST,
  principal: exporter,
  issuedAt: T0,
  expiresAt: T0 + 300_000,
};
const shown = { tenant: "acme", actionId: "a-1", digest: DIGEST, shownDigest: hex(0x61) };
const ballot = { ...shown, reviewer: ann, decision: "approve", stage: 0, at: T0 } as const;

function isSigned(text: string, signature: Buffer): boolean {
  return verify(null, Buffer.from(text), createPublicKey(keys.privateKey), signature);
}

/** A signer whose key can no longer sign whenever the test says so. */
function breakable() {
  const unfit = generateKeyPairSync("x25519").privateKey;
  const state = { broken: false };
  const signer = createSigner(
    {
      ...keys,
      get privateKey(): KeyObject {
        return state.broken ? unfit : keys.privateKey;
      },
    },
    "test",
  );
  return { state, signer };
}

it("signs what can be verified with the public key", async () => {
  const signer = createSigner(keys, "test");
  const { token, digest } = await signer.mint(claims);
  const [header, payload, signature] = token.split(".");
  expect(isSigned(`${header}.${payload}`, Buffer.from(signature ?? "", "base64url"))).toBe(true);
  expect(digest).toBe(tokenDigest(token));
  expect(isSigned(voteText(ballot), Buffer.from(await signer.signVote(ballot), "hex"))).toBe(true);
});

it("the same claims give the same token, from any signer, and are signed once at a time", async () => {
  const signer = createSigner(keys, "test");
  const [first, second] = await Promise.all([signer.mint(claims), signer.mint({ ...claims })]);
  expect(second).toBe(first);
  expect(await signer.mint(claims)).toBe(first);
  expect(await createSigner(keys, "test").mint(claims)).toEqual(first);
  expect((await signer.mint({ ...claims, grantId: "g-2" })).token).not.toBe(first.token);
});

it("P7: a signature that fails gives no token to anybody who waits for it, and is not remembered", async () => {
  const { state, signer } = breakable();
  state.broken = true;
  const failed = await Promise.allSettled([signer.mint(claims), signer.mint(claims), signer.signVote(ballot)]);
  expect(failed.map(({ status }) => status)).toEqual(["rejected", "rejected", "rejected"]);
  state.broken = false;
  expect(await signer.mint(claims)).toEqual(await createSigner(keys, "test").mint(claims));
});
