import type { PrincipalKey } from "./principal-key.ts";
import type { Ask } from "./ask.ts";

export type PrincipalKind = "human" | "agent" | "service" | "unknown";

/** Who asked, and for or through whom, nearest first. */
export type RequesterFact = {
  readonly issuer: string;
  readonly id: string;
  readonly kind: PrincipalKind;
  readonly chain: readonly PrincipalKey[];
};

/** Who has claimed a review. */
export type ClaimantFact = { readonly issuer: string; readonly id: string };

/** The groups that it asks, its quorum in words, and everybody whom it asks. */
export type StageFact = {
  readonly groups: readonly string[];
  readonly quorum: string;
  readonly asks: readonly Ask[];
  /** Whom its escalation asks as well. */
  readonly escalatesTo: readonly Ask[];
  /** It also lets those decide for whom the requester acts. */
  readonly confirms: boolean;
};

export type CountingVote = {
  readonly reviewer: PrincipalKey;
  /** Of this human, and of the one in whose place it voted. */
  readonly principals: readonly PrincipalKey[];
  readonly approves: boolean;
  readonly stage: number;
};

/** What the list of actions needs of an event on an action's stream, free of wire types. */
export type ActionFact =
  | {
      readonly type: "ActionRequested";
      readonly requester: RequesterFact;
      readonly owner: PrincipalKey | null;
      readonly actionName: string;
      readonly resourceType: string;
      readonly resourceId: string;
    }
  | { readonly type: "VerdictReached"; readonly denied: boolean; readonly ownerMayApprove: boolean }
  | { readonly type: "ReviewOpened"; readonly stages: readonly StageFact[]; readonly deadline: number | null }
  | { readonly type: "StageOpened"; readonly stage: number; readonly deadline: number | null }
  | { readonly type: "ReviewerReminded" }
  | { readonly type: "ReviewEscalated"; readonly stage: number; readonly deadline: number | null }
  | { readonly type: "ReviewHeld" }
  | { readonly type: "ReviewJoined"; readonly number: number }
  | ({ readonly type: "VoteCast" } & CountingVote)
  | { readonly type: "VoteLapsed"; readonly reviewer: PrincipalKey }
  | { readonly type: "ActionEdited"; readonly editor: readonly PrincipalKey[]; readonly deadline: number | null }
  | { readonly type: "EditAccepted" }
  | { readonly type: "BreakGlassUsed"; readonly reviewer: readonly PrincipalKey[] }
  | { readonly type: "CommentAdded" }
  | { readonly type: "ReviewClaimed"; readonly reviewer: ClaimantFact; readonly until: number }
  | { readonly type: "ClaimReleased" }
  | { readonly type: "AfterReviewReminded" }
  | { readonly type: "AfterReviewClosed" }
  | { readonly type: "ActionApproved" }
  | { readonly type: "ActionRejected" }
  | { readonly type: "ActionExpired" }
  | { readonly type: "ActionCancelled" }
  | { readonly type: "GrantIssued" }
  | { readonly type: "GrantRedeemed" }
  | { readonly type: "GrantExpired" }
  | { readonly type: "GrantRevoked" }
  | { readonly type: "ExecutionReported"; readonly succeeded: boolean }
  | { readonly type: "ExecutionUnreported" }
  | { readonly type: "ContentErased" };

/** A fact with its place in the log. Times are milliseconds since 1970. */
export type PlacedFact = {
  readonly position: number;
  readonly version: number;
  readonly time: number;
  readonly fact: ActionFact;
};
