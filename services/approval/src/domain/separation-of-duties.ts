import type { PrincipalRef } from "./principal.ts";
import type { Stage } from "./stage.ts";
import type { InReview, Review } from "./state.ts";
import { sharesPrincipal, type Standing } from "./standing.ts";

/**
 * P3: the requester, everybody it acts for or through, and its owner, under whatever account and in whoever's place. They have no vote at
 * all; the requester may cancel. Policy may let the owner decide, and in a stage that only confirms, the human the requester acts for.
 */
export function causedRequest(
  { requester, ruling }: Pick<InReview, "requester" | "ruling">,
  stage: Stage | undefined,
  who: Standing,
): boolean {
  const confirms = stage?.mode === "confirm";
  const ownerBarred = requester.owner !== undefined && !confirms && !ruling.verdict.terms.ownerMayApprove;
  return sharesPrincipal(who, [requester, ...(confirms ? [] : requester.chain), ...(ownerBarred ? [requester.owner] : [])]);
}

/** P3: an editor caused part of what is now asked, also when somebody edited again later; may still reject or edit. */
export function causedEdit({ editors }: Review, who: Standing): boolean {
  return editors.some((editor) => sharesPrincipal(who, editor.principals));
}

/** Whom a stage that only confirms lets decide beside its reviewers: the human that the requester acts for, and its owner. */
export function isRequestersOwnHuman({ requester }: Pick<InReview, "requester">, who: Standing): boolean {
  const own: readonly PrincipalRef[] = requester.owner === undefined ? requester.chain : [...requester.chain, requester.owner];
  // Whoever stands in for them in some groups only stands in for what those decide, and this is not it.
  return who.inPlaceOf?.entirely === false ? sharesPrincipal({ ...who, inPlaceOf: undefined }, own) : sharesPrincipal(who, own);
}
