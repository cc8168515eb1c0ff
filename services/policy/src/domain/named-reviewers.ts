import type { PolicyDocument, ReviewSpec } from "./document.ts";
import { selectorsOf, type Selector } from "./reviewers.ts";

/** Somebody whom a document names, and where it first does. */
export type NamedReviewer = { readonly selector: Selector; readonly where: string };

/** Everybody whom any review of a document asks, or lets break the glass, each once. */
export function namedReviewers({ rules, defaultReview }: PolicyDocument): readonly NamedReviewer[] {
  const found = new Map<string, NamedReviewer>();
  const name = (review: ReviewSpec, where: string): void => {
    for (const selector of selectorsIn(review)) {
      const key = JSON.stringify(selector);
      if (!found.has(key)) found.set(key, { selector, where });
    }
  };
  for (const { decision, name: rule } of rules) if (decision.outcome === "review") name(decision.review, `rule "${rule}"`);
  if (defaultReview !== undefined) name(defaultReview, "defaults.review");
  return [...found.values()];
}

function selectorsIn({ stages, terms }: ReviewSpec): readonly Selector[] {
  const asked = stages.flatMap(({ quorum, escalation }) => [...selectorsOf(quorum), ...(escalation?.to ?? [])]);
  const breaking = (terms.breakGlass?.groups ?? []).map((name): Selector => ({ kind: "group", name }));
  return [...asked, ...breaking];
}
