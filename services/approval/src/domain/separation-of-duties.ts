import { type Principal, type PrincipalRef, samePrincipal, toRef } from "./principal.ts";
import type { ReviewTerms, Stage } from "./stage.ts";
import type { InReview, Review } from "./state.ts";
import { sharesPrincipal, type Standing } from "./standing.ts";

/** Somebody who caused a request, and how. Only a human can come back as a reviewer. */
export type Causer = PrincipalRef & { readonly part: "requester" | "acting_for" | "owner"; readonly mayBeHuman: boolean };

/** What was asked for by whom, and what policy says of those who caused it. */
type Asked = { readonly requester: Principal; readonly ruling: { readonly verdict: { readonly terms: ReviewTerms } } };

/**
 * P3: the requester, everybody it acts for or through, and its owner, under whatever account and in whoever's place. They have no vote at
 * all; the requester may cancel. Policy may let the owner decide, and in a stage that only confirms, the human the requester acts for.
 */
export function causedRequest(asked: Asked, stage: Stage | undefined, who: Standing): boolean {
  return sharesPrincipal(who, barredFrom(asked, stage));
}

/**
 * P3: those who are barred, may be human, and are accounts of nobody whom the directory knows: each could be another account of whoever decides.
 * While there are any, nobody's approval counts.
 */
export function unknownCausers(asked: Asked, stage: Stage | undefined, strangers: readonly PrincipalRef[]): readonly Causer[] {
  return barredFrom(asked, stage).filter((one) => one.mayBeHuman && strangers.some((stranger) => samePrincipal(stranger, one)));
}

/** What policy wants people to do. */
type Planned = { readonly terms: ReviewTerms; readonly stages: readonly Stage[] };

/** Those who are unknown to any stage of a review: while they are, it does not come to an end with yes. */
export function unknownInReview(requester: Principal, verdict: Planned, strangers: readonly PrincipalRef[]): readonly Causer[] {
  if (strangers.length === 0) return [];
  const barred = verdict.stages.map((stage) => unknownCausers({ requester, ruling: { verdict } }, stage, strangers));
  // A stage bars everybody whom a more trusting one does.
  return barred.toSorted((one, other) => other.length - one.length)[0] ?? [];
}

/** P3: those because of whom nobody could approve it, also not alone: whom policy trusts that far may break the glass for what they caused. */
export function keepingAllOut(requester: Principal, verdict: Planned, strangers: readonly PrincipalRef[]): readonly Causer[] {
  return verdict.terms.breakGlass?.requester === true ? [] : unknownInReview(requester, verdict, strangers);
}

/** Those whom the stage that is open bars. */
export function unknownNow(state: InReview, { strangers }: { readonly strangers: readonly PrincipalRef[] }): readonly Causer[] {
  return unknownCausers(state, state.review.stages[state.review.openStage], strangers);
}

function barredFrom({ requester, ruling }: Asked, stage: Stage | undefined): readonly Causer[] {
  const confirms = stage?.mode === "confirm";
  const ownerBarred = !confirms && !ruling.verdict.terms.ownerMayApprove;
  return causersOf(requester).filter(({ part }) => part === "requester" || (part === "owner" ? ownerBarred : !confirms));
}

export function causersOf({ issuer, id, type, chain, owner }: Principal): readonly Causer[] {
  return [
    { issuer, id, part: "requester", mayBeHuman: type === "human" },
    ...chain.map((link): Causer => ({ ...toRef(link), part: "acting_for", mayBeHuman: link.type === undefined || link.type === "human" })),
    ...(owner === undefined ? [] : [{ ...toRef(owner), part: "owner", mayBeHuman: true } as const]),
  ];
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
