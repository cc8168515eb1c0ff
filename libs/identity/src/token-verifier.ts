import { hash } from "node:crypto";
import type { Principal } from "@countersign/proto/v1/principal_pb";
import { decodeJwt, errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from "jose";
import { LRUCache } from "lru-cache";
import type { Authenticated } from "./authenticated.ts";
import { AuthenticationError } from "./authentication-error.ts";
import { boundCertificate } from "./bound-certificate.ts";
import { principalOf } from "./claims.ts";
import type { IssuerConfig, IssuerInput } from "./issuer-config.ts";
import { keySource } from "./key-source.ts";
import { checkIssuers } from "./read-issuers.ts";
import { signInOf } from "./sign-in.ts";

const MAX_TOKEN_LENGTH = 16_384;
const CACHE_MS = 60_000;
/** How far clocks may be apart. */
const TOLERANCE_S = 30;

export type TokenOptions = {
  readonly issuers: readonly IssuerInput[];
  /** Longest time from `iat` to `exp`. Default 24 h. */
  readonly maxLifetimeSeconds?: number;
  /** How soon an unknown key may make the key set be fetched again. Default 30 s. */
  readonly refetchKeysAfterMs?: number;
};

/** What was verified of a token. */
export type VerifiedToken = {
  readonly caller: Authenticated;
  /** Thumbprint of the certificate that it has to come with. */
  readonly boundTo: string | undefined;
};

type Remembered = VerifiedToken & { readonly from: number; readonly until: number };
type TrustedIssuer = { readonly config: IssuerConfig; readonly keys: JWTVerifyGetKey };

/**
 * Verifies tokens. One that was good is remembered by its SHA-256 until it expires, for 60 s at most and 10,000 tokens at most, because verifying a signature
 * costs 100 us and more: a key that an issuer withdraws is accepted up to 60 s longer. What was refused is not remembered.
 * @throws ConfigError when there is no issuer or one is not well formed.
 */
export function tokenVerifier(options: TokenOptions, clock: () => Date): (token: string) => Promise<VerifiedToken> {
  const { maxLifetimeSeconds = 86_400, refetchKeysAfterMs = 30_000 } = options;
  const configs = checkIssuers(options.issuers);
  const issuers = new Map<string, TrustedIssuer>(
    configs.map((config) => [
      config.issuer,
      { config, keys: keySource(config, { cooldownMs: refetchKeysAfterMs, now: () => clock().getTime() }) },
    ]),
  );
  const remembered = new LRUCache<string, Remembered>({ max: 10_000 });
  return async (token) => {
    if (token.length > MAX_TOKEN_LENGTH) throw new AuthenticationError("TOKEN_INVALID", "the token is longer than 16 KiB");
    const key = hash("sha256", token, "base64");
    const now = clock();
    const known = remembered.get(key);
    // Before `from` the clock was set back, and `until` says too much.
    if (known !== undefined && now.getTime() >= known.from && now.getTime() < known.until) return known;
    remembered.delete(key);

    const issuer = issuers.get(issuerOf(token));
    if (issuer === undefined) throw new AuthenticationError("TOKEN_INVALID", "the token's issuer is not one of those accepted here");
    const payload = await verify(token, issuer, now, maxLifetimeSeconds);
    const signIn = signInOf(payload, issuer.config, now, TOLERANCE_S);
    const end = endOf(payload, issuer.config);
    const { principal, withheldRoles } = principalOf(payload, issuer.config, configs, signIn.strength);
    const entry = {
      caller: { principal: freeze(principal), withheldRoles, expiresAt: new Date(end + TOLERANCE_S * 1000) },
      from: now.getTime(),
      until: Math.min(end, now.getTime() + CACHE_MS, signIn.untilMs),
      boundTo: boundCertificate(payload),
    };
    remembered.set(key, entry);
    return entry;
  };
}

/** Only says which keys to try: nothing of it is trusted before the signature is verified, and `iss` is checked again then. */
function issuerOf(token: string): string {
  try {
    return decodeJwt(token).iss ?? "";
  } catch (error) {
    throw new AuthenticationError("TOKEN_INVALID", "the token is not a JWT", { cause: error });
  }
}

async function verify(token: string, { config, keys }: TrustedIssuer, now: Date, maxLifetimeSeconds: number): Promise<JWTPayload> {
  const { payload, protectedHeader } = await jwtVerify(token, keys, {
    issuer: config.issuer,
    audience: config.audience,
    algorithms: config.algorithms,
    clockTolerance: TOLERANCE_S,
    currentDate: now,
    requiredClaims: ["exp", "sub"],
  }).catch((error: unknown) => {
    throw toAuthenticationError(error);
  });
  // Other kinds of JWT (ID tokens for logout, DPoP proofs, security events) are signed with the same keys.
  const { typ = "JWT" }: { typ?: unknown } = protectedHeader;
  const type = typeof typ === "string" ? typ.toLowerCase().replace(/^application\//, "") : undefined;
  if (type === undefined || !config.tokenTypes.includes(type))
    throw new AuthenticationError("TOKEN_INVALID", "the token's typ is not one of an access token");
  const seconds = now.getTime() / 1000;
  const issued = payload.iat ?? seconds;
  if (issued > seconds + TOLERANCE_S)
    throw new AuthenticationError("TOKEN_INVALID", "the token was issued in the future: a clock is wrong, here or at its issuer");
  if ((payload.exp ?? Infinity) - Math.min(issued, seconds) > maxLifetimeSeconds + TOLERANCE_S) {
    throw new AuthenticationError("TOKEN_INVALID", `the token lives longer than ${maxLifetimeSeconds} s`);
  }
  if (config.maxTokenAge !== undefined && payload.iat === undefined) {
    throw new AuthenticationError("TOKEN_INVALID", "the token does not say when it was issued (iat)");
  }
  if (seconds * 1000 >= endOf(payload, config) + TOLERANCE_S * 1000) {
    throw new AuthenticationError("TOKEN_EXPIRED", "the token is older than its issuer's tokens may be here");
  }
  return payload;
}

/** When it is over, in milliseconds: its own end, or that of the age allowed. */
function endOf({ exp = 0, iat = 0 }: JWTPayload, { maxTokenAge = Infinity }: IssuerConfig): number {
  return Math.min(exp * 1000, iat * 1000 + maxTokenAge);
}

function toAuthenticationError(error: unknown): AuthenticationError {
  if (error instanceof AuthenticationError) return error;
  if (error instanceof errors.JWTExpired) return new AuthenticationError("TOKEN_EXPIRED", "the token has expired", { cause: error });
  if (error instanceof errors.JWTClaimValidationFailed) {
    return new AuthenticationError("TOKEN_INVALID", `the token's claim ${error.claim} is missing or not acceptable`, { cause: error });
  }
  return new AuthenticationError("TOKEN_INVALID", "the token's signature, key or algorithm is not acceptable", { cause: error });
}

/** Calls share it, and with commands in one process handlers see the same object. */
function freeze(principal: Principal): Principal {
  for (const part of [principal.groups, principal.roles, ...principal.chain, principal.chain]) Object.freeze(part);
  if (principal.owner !== undefined) Object.freeze(principal.owner);
  return Object.freeze(principal);
}
