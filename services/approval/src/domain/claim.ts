import type { ClaimReview, ReleaseReview } from "./commands.ts";
import { claimingAs } from "./eligibility.ts";
import { isPast } from "./escalation.ts";
import { toRef } from "./principal.ts";
import { type Decision, reject, wrongState } from "./rejection.ts";
import { type ActionState, claimAt, isClaimOf } from "./state.ts";

/** How long somebody can be taken to look at a review without a word about it. */
const CLAIM_MS = 30 * 60_000;

/** By one reviewer on one action: claims silence reminders, so nobody can go on claiming for ever. */
const MOST_CLAIMS = 3;

/** A reviewer tells the others that it is looking at this. Nobody is kept from deciding by it: safety over tidiness. */
export function claimReview({ at, reviewer, standings }: ClaimReview, state: ActionState): Decision {
  if (state.status === "NONE") return reject("NOT_FOUND");
  if (state.status !== "IN_REVIEW") return wrongState("IN_REVIEW");
  if (isPast(state.review, at)) return reject("DEADLINE_PASSED");
  const standing = claimingAs(state, { reviewer, standings });
  if (typeof standing === "string") return reject(standing);
  const held = claimAt(state.review, at);
  if (held !== undefined) return isClaimOf(held, reviewer) ? [] : reject("ALREADY_CLAIMED");
  if (state.review.claims.filter((claim) => isClaimOf(claim, reviewer)).length >= MOST_CLAIMS) return reject("CLAIM_LIMIT");
  return [{ type: "ReviewClaimed", at, reviewer, standing, expiresAt: at + CLAIM_MS }];
}

/** Only the one who claimed it, whatever it is eligible for by now. */
export function releaseReview({ at, reviewer }: ReleaseReview, state: ActionState): Decision {
  if (state.status === "NONE") return reject("NOT_FOUND");
  const held = state.status === "IN_REVIEW" && !isPast(state.review, at) ? claimAt(state.review, at) : undefined;
  if (held === undefined) return [];
  return isClaimOf(held, reviewer) ? [{ type: "ClaimReleased", at, reviewer: toRef(reviewer) }] : reject("ALREADY_CLAIMED");
}
