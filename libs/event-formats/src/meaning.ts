import { member, textMember, type EventRecord } from "./record.ts";

/** How much attention an event wants. */
export type Severity = "informational" | "low" | "medium" | "high";

/** What came of what was asked, as a security control would say it. */
export type Result = "approved" | "denied" | "rejected" | "expired" | "cancelled" | "revoked" | "waiting" | "done" | "failed";

/** What an event means to somebody who watches for trouble. */
export type Meaning = { readonly severity: Severity; readonly result: Result | undefined };

const SIMPLE: Readonly<Record<string, Meaning>> = {
  ActionRequested: { severity: "informational", result: "waiting" },
  ReviewOpened: { severity: "low", result: "waiting" },
  // An agent that asks again and again is not itself.
  ReviewJoined: { severity: "low", result: "waiting" },
  ActionApproved: { severity: "informational", result: "approved" },
  ActionRejected: { severity: "low", result: "rejected" },
  ActionExpired: { severity: "low", result: "expired" },
  ActionCancelled: { severity: "informational", result: "cancelled" },
  ActionEdited: { severity: "low", result: "waiting" },
  GrantIssued: { severity: "informational", result: "approved" },
  GrantRedeemed: { severity: "informational", result: "approved" },
  GrantExpired: { severity: "low", result: "expired" },
  GrantRevoked: { severity: "medium", result: "revoked" },
  // Somebody used a right and did not say what came of it.
  ExecutionUnreported: { severity: "medium", result: undefined },
  ReviewEscalated: { severity: "low", result: "waiting" },
  BreakGlassUsed: { severity: "high", result: "approved" },
  CommentAdded: { severity: "informational", result: "waiting" },
  ReviewClaimed: { severity: "informational", result: "waiting" },
  ClaimReleased: { severity: "informational", result: "waiting" },
  AfterReviewReminded: { severity: "medium", result: "waiting" },
  AfterReviewClosed: { severity: "medium", result: "done" },
  // Somebody tried to decide on what is not theirs to decide, or says another thing about what it ran than before.
  VoteRefused: { severity: "medium", result: "denied" },
  ReportRefused: { severity: "medium", result: "denied" },
  PolicyPublished: { severity: "low", result: "done" },
  PolicyActivated: { severity: "medium", result: "done" },
  // A log that could not be signed is somebody's restore, or somebody's rewriting.
  EpochStarted: { severity: "high", result: "done" },
  TilesRepaired: { severity: "high", result: "done" },
  ContentErased: { severity: "medium", result: "done" },
  ExportProduced: { severity: "low", result: "done" },
};

/** Never throws: an event that is not known is informational, and says so by its name. */
export function meaningOf(record: EventRecord): Meaning {
  switch (record.type) {
    case "VerdictReached":
      return ofVerdict(textMember(record, "verdict", "outcome"));
    case "VoteCast":
      return ofVote(textMember(record, "decision") === "VOTE_DECISION_REJECT", member(record, "haste") !== undefined);
    case "ExecutionReported":
      return textMember(record, "outcome") === "EXECUTION_OUTCOME_FAILED"
        ? { severity: "medium", result: "failed" }
        : { severity: "informational", result: "done" };
    default:
      return (Object.hasOwn(SIMPLE, record.type) ? SIMPLE[record.type] : undefined) ?? { severity: "informational", result: undefined };
  }
}

/** Nobody can have read what a vote in haste is about. */
function ofVote(rejects: boolean, inHaste: boolean): Meaning {
  const usual = rejects ? "low" : "informational";
  return { severity: inHaste ? "medium" : usual, result: rejects ? "rejected" : "approved" };
}

function ofVerdict(outcome: string): Meaning {
  if (outcome === "VERDICT_OUTCOME_ALLOW") return { severity: "informational", result: "approved" };
  if (outcome === "VERDICT_OUTCOME_REVIEW") return { severity: "low", result: "waiting" };
  return { severity: "medium", result: "denied" };
}
