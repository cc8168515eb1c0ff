import { hash } from "node:crypto";
import type { JWTPayload } from "jose";
import { AuthenticationError } from "./authentication-error.ts";

/**
 * The SHA-256 thumbprint (base64url) of the certificate that a token is bound to (RFC 8705, 3.1); undefined when it is bound to nothing.
 * @throws AuthenticationError TOKEN_INVALID when it is bound in a way that cannot be checked here (a DPoP key, for one): as a bearer token
 * it would be good in anybody's hands.
 */
export function boundCertificate({ cnf }: JWTPayload): string | undefined {
  if (cnf === undefined) return undefined;
  const bound = typeof cnf === "object" && cnf !== null && !Array.isArray(cnf) ? Object.entries(cnf) : [];
  const [[name, value] = []] = bound;
  if (bound.length === 1 && name === "x5t#S256" && typeof value === "string" && value !== "") return value;
  throw new AuthenticationError("TOKEN_INVALID", "the token is bound to a key (cnf) in another way than x5t#S256");
}

/** The thumbprint of a certificate as DER. */
export function thumbprintOf(certificate: Uint8Array | undefined): string | undefined {
  return certificate === undefined ? undefined : hash("sha256", certificate, "base64url");
}
