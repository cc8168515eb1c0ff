import { isPast } from "./escalation.ts";
import { hasExpired } from "./redemption.ts";
import type { ActionState } from "./state.ts";
import type { Instant } from "./values.ts";

/** What time alone has ended by then, though the timer that records it may be late: nobody moves it any more. */
export function lateness(state: ActionState, at: Instant): "DEADLINE_PASSED" | "GRANT_EXPIRED" | undefined {
  if (state.status === "REQUESTED") return at >= state.deadline ? "DEADLINE_PASSED" : undefined;
  if (state.status === "IN_REVIEW") return isPast(state.review, at) ? "DEADLINE_PASSED" : undefined;
  if (state.status === "EDITED") return at >= (state.review.deadline ?? Infinity) ? "DEADLINE_PASSED" : undefined;
  return state.status === "APPROVED" && hasExpired(state.grant, at) ? "GRANT_EXPIRED" : undefined;
}
