import type { Principal, PrincipalRef } from "./principal.ts";
import type { Stage } from "./stage.ts";
import type { Standing } from "./standing.ts";
import type {
  CommentKind,
  ExecutionOutcome,
  Finding,
  Haste,
  Hex,
  Instant,
  Operation,
  SkippedStage,
  Verdict,
  VoteDecision,
} from "./values.ts";

type Fact<Type extends string, Data = object> = { readonly type: Type; readonly at: Instant } & Readonly<Data>;

export type ActionRequested = Fact<
  "ActionRequested",
  { requester: Principal; operation: Operation; /** Content digest of the input. */ input: Hex; deadline: Instant }
>;

export type VerdictReached = Fact<"VerdictReached", { verdict: Verdict; policyDigest: Hex; /** The action digest. */ digest: Hex }>;

export type ReviewOpened = Fact<
  "ReviewOpened",
  {
    stages: readonly Stage[];
    deadline: Instant;
    /** When something is due next. */ nextAt: Instant;
    /** Who caused it and was not known then: accounts. */ unknownCausers: readonly PrincipalRef[];
  }
>;

/** The next one, or one that came before: votes of it lapsed. */
export type StageOpened = Fact<"StageOpened", { stage: number; deadline: Instant; nextAt: Instant }>;

/** Nobody has decided yet; `number` counts the reminders of the stage. */
export type ReviewerReminded = Fact<
  "ReviewerReminded",
  {
    stage: number;
    number: number;
    nextAt: Instant;
    /** Only this one is reminded; undefined: everybody. */ claimedBy: PrincipalRef | undefined;
  }
>;

/** Those whom the open stage's escalation names are asked too. */
export type ReviewEscalated = Fact<"ReviewEscalated", { stage: number; deadline: Instant; nextAt: Instant }>;

/** The deadline has passed, and the stage waits on without one. */
export type ReviewHeld = Fact<"ReviewHeld", { stage: number }>;

/** Its requester asked for it once more, and no other review was opened. */
export type ReviewJoined = Fact<
  "ReviewJoined",
  {
    /** Counts every time, the first one too. */ number: number;
    digest: Hex;
    /** Content digest of the input as asked for this time. */ input: Hex;
  }
>;

export type VoteCast = Fact<
  "VoteCast",
  {
    reviewer: Principal;
    /** Whole, so that the log shows what made this human eligible. */
    standing: Standing;
    decision: VoteDecision;
    digest: Hex;
    /** Of the view that the reviewer was shown. */
    shownDigest: Hex;
    stage: number;
    reason: Hex | undefined;
    keyId: string;
    signature: Hex;
    /** It came sooner than what it is about can be read. */
    haste: Haste | undefined;
  }
>;

export type VoteLapsed = Fact<
  "VoteLapsed",
  {
    reviewer: PrincipalRef;
    digest: Hex;
    /** Eligible no more; barred, or one human with another voter. */ cause: "edited" | "not_eligible" | "same_human";
  }
>;

export type ActionEdited = Fact<
  "ActionEdited",
  {
    editor: Principal;
    standing: Standing;
    previousDigest: Hex;
    input: Hex;
    reason: Hex | undefined;
    /** Not accepted by then means expired. */
    deadline: Instant;
  }
>;

/** The requester took the edited form for its own. */
export type EditAccepted = Fact<"EditAccepted", { digest: Hex }>;

export type ActionApproved = Fact<"ActionApproved", { digest: Hex }>;

export type ActionRejected = Fact<"ActionRejected", { digest: Hex }>;

export type ActionExpired = Fact<"ActionExpired">;

export type ActionCancelled = Fact<"ActionCancelled", { reason: Hex | undefined }>;

export type GrantIssued = Fact<
  "GrantIssued",
  {
    grantId: string;
    principal: PrincipalRef;
    digest: Hex;
    issuedAt: Instant;
    expiresAt: Instant;
    keyId: string;
    /** SHA-256 of the token; the token itself is never recorded. */
    tokenDigest: Hex;
  }
>;

export type GrantRedeemed = Fact<"GrantRedeemed", { grantId: string; principal: PrincipalRef; reportDeadline: Instant }>;

export type GrantExpired = Fact<"GrantExpired", { grantId: string }>;

export type GrantRevoked = Fact<"GrantRevoked", { grantId: string; reason: Hex | undefined }>;

export type ExecutionReported = Fact<
  "ExecutionReported",
  { outcome: ExecutionOutcome; /** Empty when there was no output to hash. */ outputDigest: Hex; message: Hex | undefined }
>;

export type ExecutionUnreported = Fact<"ExecutionUnreported">;

/** Contents are gone, with their salts: earlier events name them by these digests. */
export type ContentErased = Fact<"ContentErased", { digests: readonly Hex[]; reason: Hex }>;

/** One human approved alone. What approval brings follows, and an after-review is open. */
export type BreakGlassUsed = Fact<
  "BreakGlassUsed",
  {
    reviewer: Principal;
    standing: Standing;
    digest: Hex;
    shownDigest: Hex;
    /** The stage that was open; with all after it, it is skipped. */
    stage: number;
    skipped: readonly SkippedStage[];
    reason: Hex;
    keyId: string;
    signature: Hex;
    /** When reviewers are reminded of the after-review. */
    nextAt: Instant;
  }
>;

/** Nobody has closed the after-review yet. */
export type AfterReviewReminded = Fact<"AfterReviewReminded", { number: number; nextAt: Instant }>;

export type AfterReviewClosed = Fact<"AfterReviewClosed", { reviewer: Principal; standing: Standing; finding: Finding; reason: Hex }>;

/** Somebody wrote on the review. */
export type CommentAdded = Fact<
  "CommentAdded",
  {
    number: number;
    kind: CommentKind;
    author: Principal;
    /** Of a reviewer; undefined: the requester's side wrote it. */
    standing: Standing | undefined;
    text: Hex;
    /** Of an answer, the number of its question; else 0. */
    question: number;
  }
>;

/** A reviewer is looking at it, until then at most: no event follows when it is over. */
export type ReviewClaimed = Fact<"ReviewClaimed", { reviewer: Principal; standing: Standing; expiresAt: Instant }>;

export type ClaimReleased = Fact<"ClaimReleased", { reviewer: PrincipalRef }>;

export type ActionEvent =
  | ActionRequested
  | VerdictReached
  | ReviewOpened
  | StageOpened
  | ReviewerReminded
  | ReviewEscalated
  | ReviewHeld
  | ReviewJoined
  | VoteCast
  | VoteLapsed
  | ActionEdited
  | EditAccepted
  | ActionApproved
  | ActionRejected
  | ActionExpired
  | ActionCancelled
  | BreakGlassUsed
  | AfterReviewReminded
  | AfterReviewClosed
  | CommentAdded
  | ReviewClaimed
  | ClaimReleased
  | GrantIssued
  | GrantRedeemed
  | GrantExpired
  | GrantRevoked
  | ExecutionReported
  | ExecutionUnreported
  | ContentErased;
