import { type Principal, type PrincipalRef, samePrincipal, type SignIn } from "./principal.ts";
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

export type Vote = {
  readonly reviewer: PrincipalRef;
  readonly decision: VoteDecision;
  readonly digest: Hex;
  readonly shownDigest: Hex;
  readonly stage: number;
  readonly reason: Hex | undefined;
  readonly at: Instant;
  readonly signIn: SignIn;
  /** As who the reviewer was known then. */
  readonly standing: Standing;
  readonly haste: Haste | undefined;
  /** It does not count any more. */
  readonly lapsed: boolean;
};

/** What somebody wrote on the review. */
export type Comment = {
  /** Its place among the action's comments, from 1 on. */
  readonly number: number;
  readonly kind: CommentKind;
  readonly author: PrincipalRef;
  /** As whom a reviewer was known then; undefined: the requester's side wrote it. */
  readonly standing: Standing | undefined;
  readonly byRequester: boolean;
  readonly text: Hex;
  /** Of an answer, the number of its question; else 0. */
  readonly question: number;
  readonly at: Instant;
};

/** A reviewer, under every account, is looking at it, until then at most. */
export type Claim = {
  readonly reviewer: PrincipalRef;
  readonly principals: readonly PrincipalRef[];
  readonly at: Instant;
  readonly expiresAt: Instant;
};

/** Somebody who edited, under every account, and the form that it was made from. */
export type Editor = {
  readonly principal: PrincipalRef;
  readonly principals: readonly PrincipalRef[];
  readonly digest: Hex;
  readonly input: Hex;
};

export type Review = {
  readonly stages: readonly Stage[];
  readonly openStage: number;
  /** Oldest first, lapsed ones included. */
  readonly votes: readonly Vote[];
  /** The open stage's; none: it waits until somebody decides. */
  readonly deadline: Instant | undefined;
  /** When the open stage opened. */
  readonly openedAt: Instant;
  /** How many of the open stage's reminders were given. */
  readonly reminders: number;
  /** The open stage's deadline was put off once. */
  readonly putOff: boolean;
  /** Stages whose escalation has happened. */
  readonly escalated: readonly number[];
  /** Version from which on a reviewer has seen what is to be decided: that of the last ReviewOpened. */
  readonly shownFrom: number;
  /** Who caused it and was not known when it opened; who votes is held against who is known then. */
  readonly unknownCausers: readonly PrincipalRef[];
  /** Who made each edit, last one last. */
  readonly editors: readonly Editor[];
  /** How often it was edited. */
  readonly edits: number;
  /** How often its requester asked for it, and the input of the last time. */
  readonly asked: { readonly times: number; readonly input: Hex };
  /** Oldest first, over all forms of the action. */
  readonly comments: readonly Comment[];
  /** The last one; over when its time is. See `claimAt`. */
  readonly claim: Claim | undefined;
  /** Every one that there was. */
  readonly claims: readonly Claim[];
  /** There when somebody approved alone. */
  readonly afterReview: AfterReview | undefined;
};

/** What is to be looked at after a break-glass, and what came of it. */
export type AfterReview = {
  readonly reviewer: PrincipalRef;
  readonly standing: Standing;
  readonly digest: Hex;
  readonly reason: Hex;
  readonly at: Instant;
  readonly skipped: readonly SkippedStage[];
  /** How many reminders were given, and when the next one is due. */
  readonly reminders: number;
  readonly nextAt: Instant;
  readonly closed: { readonly reviewer: PrincipalRef; readonly finding: Finding; readonly reason: Hex; readonly at: Instant } | undefined;
};

export type Grant = {
  readonly id: string;
  readonly principal: PrincipalRef;
  readonly digest: Hex;
  readonly issuedAt: Instant;
  readonly expiresAt: Instant;
  readonly keyId: string;
  readonly tokenDigest: Hex;
};

export type Execution = {
  readonly outcome: ExecutionOutcome;
  readonly outputDigest: Hex;
  readonly message: Hex | undefined;
  readonly at: Instant;
};

type Versioned = { readonly version: number; readonly updatedAt: Instant };

type Asked = Versioned & {
  readonly requester: Principal;
  readonly operation: Operation;
  readonly input: Hex;
  readonly requestedAt: Instant;
};

type Ruling = { readonly verdict: Verdict; readonly policyDigest: Hex; readonly digest: Hex };

type Ruled = Asked & { readonly ruling: Ruling };

type Granted = Ruled & { readonly review: Review | undefined; readonly grant: Grant };

type Used = Granted & { readonly redeemedAt: Instant };

type Undecided = Asked & { readonly ruling: Ruling | undefined; readonly review: Review | undefined };

export type NotRequested = Versioned & { readonly status: "NONE" };
export type Requested = Asked & { readonly status: "REQUESTED"; readonly deadline: Instant; readonly ruling: Ruling | undefined };
export type Denied = Ruled & { readonly status: "DENIED"; readonly review: Review | undefined };
export type InReview = Ruled & { readonly status: "IN_REVIEW"; readonly review: Review };
/** Waits for its requester to accept what a reviewer changed; `review.deadline` is that of the acceptance. */
export type Edited = Ruled & { readonly status: "EDITED"; readonly review: Review };
export type Approved = Granted & { readonly status: "APPROVED" };
export type Rejected = Ruled & { readonly status: "REJECTED"; readonly review: Review };
/** With the status in which its time was over. */
export type Expired = Undecided & { readonly status: "EXPIRED"; readonly last: (Requested | InReview | Edited)["status"] };
export type Cancelled = Undecided & { readonly status: "CANCELLED"; readonly reason: Hex | undefined };
export type Redeemed = Used & { readonly status: "REDEEMED"; readonly reportDeadline: Instant };
export type Reported = Used & { readonly status: "SUCCEEDED" | "FAILED"; readonly execution: Execution };
export type Unreported = Used & { readonly status: "UNREPORTED" };
export type GrantExpired = Granted & { readonly status: "GRANT_EXPIRED" };
export type Revoked = Granted & { readonly status: "REVOKED"; readonly reason: Hex | undefined };

/** An action that was asked for. */
export type RecordedAction =
  | Requested
  | Denied
  | InReview
  | Edited
  | Approved
  | Rejected
  | Expired
  | Cancelled
  | Redeemed
  | Reported
  | Unreported
  | GrantExpired
  | Revoked;

export type ActionState = NotRequested | RecordedAction;

export type ActionStatus = RecordedAction["status"];

export const initialState: NotRequested = { status: "NONE", version: 0, updatedAt: 0 };

const TERMINAL: ReadonlySet<string> = new Set<ActionStatus>([
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

/** Nothing moves it any more. */
export function isTerminal(state: ActionState): boolean {
  const after = afterReviewOf(state);
  return TERMINAL.has(state.status) && (after === undefined || after.closed !== undefined);
}

/** One human, however many accounts it claims and votes under. */
export function isClaimOf({ principals }: Claim, reviewer: PrincipalRef): boolean {
  return principals.some((own) => samePrincipal(own, reviewer));
}

/** Who is looking at it at this moment. A claim lapses by time alone: no timer, no event. */
export function claimAt({ claim }: Review, at: Instant): Claim | undefined {
  return claim !== undefined && at < claim.expiresAt ? claim : undefined;
}

export function afterReviewOf(state: ActionState): AfterReview | undefined {
  return "review" in state ? state.review?.afterReview : undefined;
}
