import type { ActionEvent } from "../domain/events.ts";
import type { Instant } from "../domain/values.ts";

/** What a timer does when it is due. */
export type TimerKind = "verdict_retry" | "tend_review" | "expire_grant" | "mark_unreported" | "remind_after_review";

/** An action waits for one thing at a time, so it has one timer at most; beside it, that of an after-review, which goes on whatever the action does. */
export type Timer = { readonly kind: TimerKind; readonly dueAt: Instant };

/** When policy is first asked again after it did not answer. */
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 60_000;

/** What an event means for its action's timer: set this one in place of any other, or clear it, or leave it. */
export function timerAfter(event: ActionEvent): Timer | "clear" | "keep" {
  switch (event.type) {
    case "ActionRequested":
      return { kind: "verdict_retry", dueAt: Math.min(event.at + FIRST_RETRY_MS, event.deadline) };
    case "VerdictReached":
      // What follows an allow or a review sets the next timer; nothing follows a deny.
      return event.verdict.outcome === "deny" ? "clear" : "keep";
    case "ActionEdited":
      return { kind: "tend_review", dueAt: event.deadline };
    case "ReviewOpened":
    case "StageOpened":
    case "ReviewerReminded":
    case "ReviewEscalated":
      return { kind: "tend_review", dueAt: event.nextAt };
    case "GrantIssued":
      return { kind: "expire_grant", dueAt: event.expiresAt };
    case "BreakGlassUsed":
    case "AfterReviewReminded":
      return { kind: "remind_after_review", dueAt: event.nextAt };
    case "GrantRedeemed":
      return { kind: "mark_unreported", dueAt: event.reportDeadline };
    case "ReviewHeld":
    case "ActionRejected":
    case "ActionExpired":
    case "ActionCancelled":
    case "GrantExpired":
    case "GrantRevoked":
    case "AfterReviewClosed":
    case "ExecutionReported":
    case "ExecutionUnreported":
      return "clear";
    case "ReviewJoined":
    case "VoteCast":
    case "VoteLapsed":
    case "EditAccepted":
    case "ActionApproved":
    case "ContentErased":
    case "CommentAdded":
    case "ReviewClaimed":
    case "ClaimReleased":
      return "keep";
    default:
      return event satisfies never;
  }
}

/** Of the after-review's timer, not of the action's own. */
export function isAfterwards({ type }: { readonly type: string }): boolean {
  return type === "BreakGlassUsed" || type === "AfterReviewReminded" || type === "AfterReviewClosed";
}

/** How long until a timer is tried again after this many attempts in vain: 1 s, 2 s, 4 s, ... and a minute in the end. */
export function retryDelay(attempts: number): number {
  return Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** Math.min(attempts, 10));
}
