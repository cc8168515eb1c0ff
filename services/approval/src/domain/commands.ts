import type { CallerRef, Principal, PrincipalRef } from "./principal.ts";
import type { VoterNow } from "./recount.ts";
import type { Standing } from "./standing.ts";
import type { CommentKind, ExecutionOutcome, Finding, Hex, Instant, Operation, Verdict } from "./values.ts";

type Order<Type extends string, Data = object> = { readonly type: Type; readonly at: Instant } & Readonly<Data>;

/** The grant that is issued if this command approves: its token was signed for exactly this digest and these times. */
export type GrantOffer = {
  readonly grantId: string;
  readonly issuedAt: Instant;
  readonly expiresAt: Instant;
  readonly keyId: string;
  readonly tokenDigest: Hex;
};

type Judged = { readonly verdict: Verdict; readonly policyDigest: Hex; readonly digest: Hex };

/** A verdict with what follows from it. Only an allow comes with a grant, and no allow comes without. */
export type Judgement =
  | (Judged & { readonly outcome: "allow"; readonly grant: GrantOffer })
  | (Judged & { readonly outcome: "deny" | "review" });

/** Humans who caused the request, or who may be, whom the directory does not know; none in a tenant without one. */
type Strangers = readonly PrincipalRef[];

export type RequestAction = Order<
  "RequestAction",
  {
    requester: Principal;
    operation: Operation;
    input: Hex;
    /** Undecided by then means expired, while policy does not answer. */
    deadline: Instant;
    /** Absent when policy did not answer. */
    judgement: Judgement | undefined;
    strangers: Strangers;
  }
>;

/** Policy answered late. */
export type ReachVerdict = Order<"ReachVerdict", { judgement: Judgement; strangers: Strangers }>;

/** The requester asks once more for what people look at already. */
export type JoinReview = Order<
  "JoinReview",
  { caller: CallerRef; /** Of the input asked for, with this action's salt. */ digest: Hex; /** Its content digest. */ input: Hex }
>;

type Ballot = {
  reviewer: Principal;
  /** As whom the reviewer may speak: in its own name, then in the places of others. Nobody whom the directory knows: none. */
  standings: readonly Standing[];
  strangers: Strangers;
  /** What the reviewer was shown. */
  digest: Hex;
  version: number;
  /** Of the view that the reviewer was shown, and of the one that the action gives now. */
  shown: { readonly given: Hex; readonly now: Hex };
  reason: Hex | undefined;
};

export type CastVote = Order<
  "CastVote",
  Ballot & { keyId: string; signature: Hex; /** How long it takes to read what was shown. */ readingSeconds: number } & (
      | {
          decision: "approve";
          grant: GrantOffer;
          /** Whose approvals count so far, as they are known now. */
          voters: readonly VoterNow[];
        }
      | { decision: "reject" }
    )
>;

/** A reviewer changes the parameters; policy has looked at the result. */
export type EditAction = Order<"EditAction", Ballot & { input: Hex; judgement: Judgement }>;

/** The requester takes an edited form for its own. The grant is issued if policy allowed that form. */
export type AcceptEdit = Order<"AcceptEdit", { caller: CallerRef; digest: Hex; grant: GrantOffer; strangers: Strangers }>;

export type CancelAction = Order<"CancelAction", { caller: CallerRef; reason: Hex | undefined }>;

export type RedeemGrant = Order<"RedeemGrant", { caller: CallerRef; tokenDigest: Hex; digest: Hex; reportDeadline: Instant }>;

export type ReportExecution = Order<
  "ReportExecution",
  {
    caller: CallerRef;
    outcome: ExecutionOutcome;
    outputDigest: Hex;
    message: Hex | undefined;
    /** The message is, salt aside, the one recorded before. */
    sameMessage: boolean;
  }
>;

/** One human approves alone. */
export type BreakGlass = Order<"BreakGlass", Ballot & { reason: Hex; keyId: string; signature: Hex; grant: GrantOffer }>;

/** Another one says afterwards whether that was right. */
export type CloseAfterReview = Order<
  "CloseAfterReview",
  {
    reviewer: Principal;
    standings: readonly Standing[];
    strangers: Strangers;
    finding: Finding;
    reason: Hex;
  }
>;

/** Somebody writes on the review. */
export type AddComment = Order<
  "AddComment",
  { author: Principal; standings: readonly Standing[]; kind: CommentKind; text: Hex; /** That it answers; else 0. */ question: number }
>;

/** A reviewer is looking at it. */
export type ClaimReview = Order<"ClaimReview", { reviewer: Principal; standings: readonly Standing[] }>;

/** Not any more. */
export type ReleaseReview = Order<"ReleaseReview", { reviewer: Principal }>;

export type TendAfterReview = Order<"TendAfterReview">;

export type TendReview = Order<"TendReview">;

export type ExpireGrant = Order<"ExpireGrant">;

export type MarkUnreported = Order<"MarkUnreported">;

/** Takes what people typed and agents sent away for good. */
export type EraseContent = Order<
  "EraseContent",
  {
    caller: Principal;
    /** Every other principal that is the same human. */ aliases: readonly PrincipalRef[];
    /** What is still there. */ digests: readonly Hex[];
    reason: Hex;
    /** Also before the action has ended. */ force: boolean;
  }
>;

export type ActionCommand =
  | RequestAction
  | ReachVerdict
  | JoinReview
  | CastVote
  | EditAction
  | AcceptEdit
  | CancelAction
  | RedeemGrant
  | ReportExecution
  | BreakGlass
  | CloseAfterReview
  | AddComment
  | ClaimReview
  | ReleaseReview
  | TendAfterReview
  | TendReview
  | ExpireGrant
  | MarkUnreported
  | EraseContent;
