import type { Decision, ReviewTerms } from "./document.ts";

export type ReviewDecision = Extract<Decision, { outcome: "review" }>;

/** As many as one review of a document may have. */
const MOST_STAGES = 10;

/** One review in which everybody must say yes whom any of these asks, on the strictest terms of them. Undefined: too many. */
export function allOf(decisions: readonly ReviewDecision[]): ReviewDecision | undefined {
  const reviews = [...new Set(decisions.map(({ review }) => review))];
  const stages = reviews.flatMap((review) => review.stages);
  if (stages.length > MOST_STAGES) return undefined;
  const terms = reviews.map((review) => review.terms).reduce(strictest);
  return { outcome: "review", review: { stages, terms }, grantSeconds: Math.min(...decisions.map(({ grantSeconds }) => grantSeconds)) };
}

/** What not both of them let people do in the same way, nobody may. */
function strictest(one: ReviewTerms, other: ReviewTerms): ReviewTerms {
  const sameBreakGlass = JSON.stringify(one.breakGlass) === JSON.stringify(other.breakGlass);
  return {
    editable: one.editable === other.editable ? one.editable : "",
    ownerMayApprove: one.ownerMayApprove && other.ownerMayApprove,
    breakGlass: sameBreakGlass ? one.breakGlass : undefined,
  };
}
