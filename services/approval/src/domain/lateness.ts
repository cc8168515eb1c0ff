import { isPast } from "./escalation.ts";
import { hasExpired } from "./redemption.ts";
import type { ActionState } from "./state.ts";
import type { Instant } from "./values.ts";

/** What time alone has ended by then, though the timer that records it may be late: nobody moves it any more. */
export function lateness(state: ActionState, at: Instant): "DEADLINE_PASSED" | "GRANT_EXPIRED" | undefined {
  switch (state.status) {
    case "REQUESTED":
      return at >= state.deadline ? "DEADLINE_PASSED" : undefined;
    case "IN_REVIEW":
      return isPast(state.review, at) ? "DEADLINE_PASSED" : undefined;
    case "EDITED":
      return at >= (state.review.deadline ?? Infinity) ? "DEADLINE_PASSED" : undefined;
    case "APPROVED":
      return hasExpired(state.grant, at) ? "GRANT_EXPIRED" : undefined;
    default:
      return undefined;
  }
}
