import type { DecodedEvent } from "@countersign/events";
import { ExecutionOutcome, VerdictOutcome } from "@countersign/proto/v1/action_pb";

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
