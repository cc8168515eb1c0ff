import type { DecodedEvent } from "@countersign/events";
import { ExecutionOutcome, VerdictOutcome, VoteDecision } from "@countersign/proto/v1/action_pb";

/** States that never move. */
export const TERMINAL: ReadonlySet<string> = new Set([
  "DENIED",
  "REJECTED",
  "EXPIRED",
  "CANCELLED",
  "SUCCEEDED",
  "FAILED",
  "UNREPORTED",
  "GRANT_EXPIRED",
  "REVOKED",
]);

/** The lifecycle once more, as the checker reads it in the design: not the product's own fold. */
export function statusAfter(event: DecodedEvent, before: string): string {
  switch (event.type) {
    case "ActionRequested":
      return "REQUESTED";
    case "VerdictReached":
      return event.data.verdict?.outcome === VerdictOutcome.DENY ? "DENIED" : before;
    case "ReviewOpened":
      return "IN_REVIEW";
    case "ActionEdited":
      return "EDITED";
    case "GrantIssued":
      return "APPROVED";
    case "ActionRejected":
      return "REJECTED";
    case "ActionExpired":
      return "EXPIRED";
    case "ActionCancelled":
      return "CANCELLED";
    case "GrantRedeemed":
      return "REDEEMED";
    case "GrantExpired":
      return "GRANT_EXPIRED";
    case "GrantRevoked":
      return "REVOKED";
    case "ExecutionReported":
      return event.data.outcome === ExecutionOutcome.SUCCEEDED ? "SUCCEEDED" : "FAILED";
    case "ExecutionUnreported":
      return "UNREPORTED";
    default:
      return before;
  }
}

/** Whether an action that is `before` can have this happen to it, by the design; what is not named here changes no state. */
export function mayFollow(event: DecodedEvent, before: string): boolean {
  // A no that comes late takes the grant back.
  const isNo = event.type === "VoteCast" && event.data.decision === VoteDecision.REJECT;
  return (isNo && before === "APPROVED") || (FROM[event.type]?.includes(before) ?? true);
}

const UNDECIDED = ["REQUESTED", "IN_REVIEW", "EDITED"];

/** Where an action can be when this happens. */
const FROM: Readonly<Partial<Record<DecodedEvent["type"], readonly string[]>>> = {
  ActionRequested: [""],
  VerdictReached: ["REQUESTED", "EDITED"],
  ReviewOpened: ["REQUESTED", "EDITED"],
  VoteCast: ["IN_REVIEW"],
  BreakGlassUsed: ["IN_REVIEW"],
  ActionEdited: ["IN_REVIEW"],
  EditAccepted: ["EDITED"],
  ActionRejected: ["IN_REVIEW"],
  ActionExpired: UNDECIDED,
  ActionCancelled: UNDECIDED,
  GrantIssued: UNDECIDED,
  GrantRedeemed: ["APPROVED"],
  GrantExpired: ["APPROVED"],
  GrantRevoked: ["APPROVED"],
  ExecutionReported: ["REDEEMED"],
  ExecutionUnreported: ["REDEEMED"],
};
