import { createLocalJWKSet, createRemoteJWKSet, errors, type JWTVerifyGetKey } from "jose";
import { AuthenticationError } from "./authentication-error.ts";
import type { IssuerConfig } from "./issuer-config.ts";

/** An issuer's public keys, fetched when they are needed first and again when a token names a key that is not among them. */
export function keySource({ issuer, jwks }: IssuerConfig, refetchAfterMs: number): JWTVerifyGetKey {
  if ("keys" in jwks) return createLocalJWKSet({ keys: jwks.keys });
  const remote = createRemoteJWKSet(new URL(jwks.url), { cooldownDuration: refetchAfterMs, timeoutDuration: 5000 });
  return async (header, token) => {
    try {
      return await remote(header, token);
    } catch (error) {
      if (isAboutToken(error)) throw error;
      throw new AuthenticationError("ISSUER_UNREACHABLE", `the keys of issuer ${issuer} cannot be read at the moment`, { cause: error });
    }
  };
}

function isAboutToken(error: unknown): boolean {
  return (
    error instanceof errors.JWKSNoMatchingKey ||
    error instanceof errors.JWKSMultipleMatchingKeys ||
    error instanceof errors.JOSENotSupported
  );
}
