import { exportJWK, generateKeyPair, SignJWT, type JWTPayload } from "jose";
import { createAuthenticator, type Authenticator, type AuthenticatorOptions } from "../authenticator.ts";
import type { IssuerInput } from "../issuer-config.ts";

export const NOW = 1_800_000_000;
export const keys = await generateKeyPair("EdDSA", { extractable: true });

export const acme: IssuerInput = {
  issuer: "https://id.acme.test",
  audience: "countersign",
  jwks: { keys: [{ ...(await exportJWK(keys.publicKey)), kty: "OKP" }] },
  tenants: ["acme", "acme-labs"],
};

/** What a good token of Alice says. */
export const claims = {
  iss: acme.issuer,
  aud: "countersign",
  sub: "alice",
  iat: NOW - 10,
  exp: NOW + 300,
  tenant: "acme",
  principal_type: "human",
  groups: ["sre", "dba"],
  roles: ["reviewer"],
};

/** One that knows acme, and for which it is `NOW`. */
export const authenticatorWith = (options: Partial<AuthenticatorOptions> = {}): Authenticator =>
  createAuthenticator({ issuers: [acme], clock: () => new Date(NOW * 1000), ...options });

/** Alice's token with some claims changed, or left out where they are undefined. */
export const mint = (changes: Record<string, unknown> = {}, key = keys.privateKey): Promise<string> =>
  new SignJWT(JSON.parse(JSON.stringify({ ...claims, ...changes })) as JWTPayload).setProtectedHeader({ alg: "EdDSA" }).sign(key);

/** The code that the token is refused with, or `accepted`. */
export const outcomeOf = async (
  authenticator: Authenticator,
  token: string | Promise<string>,
  presented?: () => Buffer | undefined,
): Promise<string> =>
  authenticator.authenticate(await token, presented).then(
    () => "accepted",
    (error: { code: string }) => error.code,
  );
