import { actionDigest } from "@countersign/digest";
import type { GrantOffer, Judgement } from "../domain/commands.ts";
import type { PrincipalRef } from "../domain/principal.ts";
import type { Hex, Instant } from "../domain/values.ts";
import { toHex } from "./content.ts";
import type { ActionInput, ActionRef, Deps, Evaluation } from "./ports.ts";

/** An offer, and the token that it names. The token leaves this process in the reply and goes nowhere else. */
export type SignedOffer = { readonly offer: GrantOffer; readonly token: string };

/** Signs the grant that is issued if the command approves. Times are whole seconds, as in the token. */
export async function offerGrant(
  deps: Pick<Deps, "signer" | "newId">,
  ref: ActionRef,
  grant: { readonly principal: PrincipalRef; readonly digest: Hex; readonly seconds: number; readonly at: Instant },
): Promise<SignedOffer> {
  const { principal, digest, seconds, at } = grant;
  const issuedAt = Math.floor(at / 1000) * 1000;
  const expiresAt = issuedAt + seconds * 1000;
  const grantId = deps.newId(new Date(at));
  const claims = { tenant: ref.tenant, actionId: ref.id, grantId, digest, principal, issuedAt, expiresAt };
  const { token, digest: tokenDigest } = await deps.signer.mint(claims);
  return { offer: { grantId, issuedAt, expiresAt, keyId: deps.signer.keyId, tokenDigest }, token };
}

/** Makes of policy's answer what the decider needs: the digest of exactly this input, and the grant when policy allows. */
export async function judge(
  deps: Pick<Deps, "signer" | "newId">,
  ref: ActionRef,
  asked: { readonly requester: PrincipalRef; readonly input: ActionInput; readonly salt: Uint8Array; readonly at: Instant },
  { verdict, policyDigest }: Evaluation,
): Promise<{ readonly judgement: Judgement; readonly token: string | undefined }> {
  const digest = toHex(actionDigest(asked.salt, { tenant: ref.tenant, ...asked.input }, verdict.bindingContext));
  const judged = { verdict, policyDigest, digest };
  if (verdict.outcome !== "allow") return { judgement: { ...judged, outcome: verdict.outcome }, token: undefined };
  const { requester: principal, at } = asked;
  const { offer, token } = await offerGrant(deps, ref, { principal, digest, seconds: verdict.grantSeconds, at });
  return { judgement: { ...judged, outcome: "allow", grant: offer }, token };
}
