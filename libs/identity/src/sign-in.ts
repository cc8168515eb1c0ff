import { SignInStrength } from "@countersign/proto/v1/principal_pb";
import type { JWTPayload } from "jose";
import type { IssuerConfig } from "./issuer-config.ts";

/** How strongly the person behind a token was authenticated, and from when on that has to be looked at again. */
export type SignIn = { readonly strength: SignInStrength; readonly untilMs: number };

const SESSION: SignIn = { strength: SignInStrength.SESSION, untilMs: Infinity };

/**
 * Reads `acr`, `amr` and `auth_time` of a person's own token. Whatever is missing, of another shape or too old leaves an ordinary session:
 * the weaker reading.
 */
export function signInOf(payload: JWTPayload, { signIn }: IssuerConfig, now: Date, toleranceSeconds: number): SignIn {
  const { acr, amr, auth_time: authTime } = payload;
  const factors = Array.isArray(amr) ? (amr as readonly unknown[]) : [];
  const isMfa =
    (typeof acr === "string" && signIn.acr.includes(acr)) ||
    signIn.amr.some((needed) => [needed].flat().every((value) => factors.includes(value)));
  if (!isMfa || typeof authTime !== "number" || !Number.isFinite(authTime)) return SESSION;
  const untilMs = authTime * 1000 + signIn.maxAge;
  const inTheFuture = authTime > now.getTime() / 1000 + toleranceSeconds;
  return inTheFuture || now.getTime() >= untilMs ? SESSION : { strength: SignInStrength.MFA, untilMs };
}
