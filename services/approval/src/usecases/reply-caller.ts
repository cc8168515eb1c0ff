import type { PrincipalRef } from "../domain/principal.ts";

/** Whose keys these are. One caller's keys for two methods never meet; no issuer and id run together into another pair. */
export function replyCaller(method: "RequestAction" | "RedeemGrant" | "AddComment", { issuer, id }: PrincipalRef): string {
  return JSON.stringify([method, issuer, id]);
}
