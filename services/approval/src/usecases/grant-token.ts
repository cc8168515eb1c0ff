import type { CallerRef } from "../domain/principal.ts";
import { isGrantee } from "../domain/redemption.ts";
import type { ActionView, Deps } from "./ports.ts";

/**
 * The token of an approved action, again, for whoever requested it: signatures are deterministic, so the recorded claims give the token
 * that was signed then. Undefined for anybody else, once the grant has expired or was used, and when the key or the issuer's name has
 * changed since: a token that the log does not know would be refused anyway.
 */
export async function tokenFor(deps: Pick<Deps, "signer" | "clock">, view: ActionView, caller: CallerRef): Promise<string | undefined> {
  const { ref, state } = view;
  if (state.status !== "APPROVED" || !isGrantee(state, caller)) return undefined;
  const { id: grantId, digest, principal, issuedAt, expiresAt, keyId, tokenDigest } = state.grant;
  if (keyId !== deps.signer.keyId || deps.clock().getTime() >= expiresAt) return undefined;
  const minted = await deps.signer.mint({ tenant: ref.tenant, actionId: ref.id, grantId, digest, principal, issuedAt, expiresAt });
  return minted.digest === tokenDigest ? minted.token : undefined;
}
