import type { JsonObject } from "./json.ts";

export type PrincipalName = { readonly issuer: string; readonly id: string };

export type ReviewStatus =
  | "requested"
  | "denied"
  | "in review"
  | "edited"
  | "approved"
  | "rejected"
  | "expired"
  | "cancelled"
  | "redeemed"
  | "succeeded"
  | "failed"
  | "unreported"
  | "grant expired"
  | "revoked"
  | "unknown";

/** What a review is rendered from: the action as `approval` returns it, without salt, grant or wire types. */
export type ReviewSource = {
  readonly id: string;
  readonly tenant: string;
  readonly status: ReviewStatus;
  readonly version: number;
  /** Lower-case hex. */
  readonly digest: string;
  /** Absent once its content was erased. */
  readonly input: ReviewInput | undefined;
  readonly bindingContext: readonly string[];
  readonly requester:
    | (PrincipalName & { readonly type: string; readonly chain: readonly PrincipalName[]; readonly owner: PrincipalName | undefined })
    | undefined;
  readonly verdict:
    | {
        readonly rule: string;
        readonly revision: number;
        readonly reasons: readonly string[];
        readonly risk: readonly { readonly points: number; readonly reason: string }[];
      }
    | undefined;
  /** What policy lets reviewers change of the parameters, as the policy says it; empty: nothing. */
  readonly editable: string;
  readonly review:
    | {
        readonly stages: readonly ReviewStage[];
        readonly openStage: number;
        readonly votes: readonly ReviewVote[];
        readonly deadline: Date | undefined;
        readonly editor: PrincipalName | undefined;
        /** How often its requester asked for it; default: once. */
        readonly asked?: number;
        /** Oldest first. */
        readonly comments?: readonly ReviewComment[];
        /** Who says that it is looking at it, and until when. */
        readonly claim?: ReviewClaim | undefined;
      }
    | undefined;
  /** Somebody approved alone; `closed`: what another one found. */
  readonly afterReview?:
    | {
        readonly usedBy: PrincipalName;
        readonly reason: string;
        readonly skipped: readonly string[];
        readonly closed: { readonly by: PrincipalName; readonly finding: string; readonly reason: string } | undefined;
      }
    | undefined;
};

/** What of it people decide on: the rest of a review, its votes and its comments, is part of no digest. */
export type DecidedOn = Pick<ReviewSource, "id" | "tenant" | "digest" | "input" | "bindingContext" | "requester" | "verdict"> & {
  readonly review: { readonly editor: PrincipalName | undefined } | undefined;
};

/** `quorum` in words: `2 of sre and 1 of security`; the rest is who is asked. */
export type ReviewStage = {
  readonly name: string;
  readonly quorum: string;
  readonly groups: readonly string[];
  /** Ids in the directory, or `<issuer>#<id>` of a principal. */
  readonly people?: readonly string[];
  /** Whoever is on call there. */
  readonly schedules?: readonly string[];
};

export type ReviewInput = {
  readonly subject: { readonly type: string; readonly id: string; readonly properties: JsonObject };
  readonly action: { readonly name: string; readonly properties: JsonObject };
  readonly resource: { readonly type: string; readonly id: string; readonly properties: JsonObject };
  readonly context: JsonObject;
};

export type ReviewVote = {
  readonly reviewer: PrincipalName;
  readonly decision: "approve" | "reject";
  readonly reason: string;
  readonly stage: number;
  readonly lapsed: boolean;
  /** It came sooner than anybody can read: seconds that it took, and that reading takes. */
  readonly haste?: { readonly availableSeconds: number; readonly neededSeconds: number } | undefined;
  /** The person in whose place it was cast; empty: in the reviewer's own. */
  readonly inPlaceOf: string;
};

/** What a reviewer or the requester's side wrote: nobody checked it. */
export type ReviewComment = {
  readonly number: number;
  readonly kind: "remark" | "question" | "answer";
  readonly author: PrincipalName;
  readonly byRequester: boolean;
  /** Empty once erased. */
  readonly text: string;
  /** Of an answer, the number of its question; else 0. */
  readonly question: number;
  /** Of a question, the number of its answer; 0 while it is open. */
  readonly answer: number;
};

/** Over when its time is: there is no word of the log about that. */
export type ReviewClaim = { readonly reviewer: PrincipalName; readonly since: Date; readonly until: Date };

/** True while people can still decide. */
export function isUndecided(source: ReviewSource): boolean {
  return source.status === "in review";
}

/** The stage that is open, if there is one. */
function openStage(source: ReviewSource): ReviewStage | undefined {
  return source.review?.stages[source.review.openStage];
}

/** The sum of what policy counted; undefined when it counted nothing, which is not the same as no risk. */
export function riskScore({ verdict }: ReviewSource): number | undefined {
  return verdict === undefined || verdict.risk.length === 0 ? undefined : verdict.risk.reduce((sum, { points }) => sum + points, 0);
}

/** Who says that it is looking at it, at this moment. */
export function claimAt({ review }: ReviewSource, time: Date): ReviewClaim | undefined {
  const claim = review?.claim;
  return claim !== undefined && time >= claim.since && time < claim.until ? claim : undefined;
}

/** Whom the review asks: the open stage, or after a break-glass everybody in all stages that were skipped, as if they were one. */
export function askedStage(source: ReviewSource): ReviewStage | undefined {
  const open = openStage(source);
  if (open === undefined || source.afterReview === undefined) return open;
  const skipped = source.review?.stages.slice(source.review.openStage) ?? [];
  const all = (of: (stage: ReviewStage) => readonly string[] | undefined): string[] => [
    ...new Set(skipped.flatMap((stage) => of(stage) ?? [])),
  ];
  return {
    ...open,
    groups: all(({ groups }) => groups),
    people: all(({ people }) => people),
    schedules: all(({ schedules }) => schedules),
  };
}

/** Groups among those whom the review asks: channels that serve them are told. */
export function askedGroups(source: ReviewSource): readonly string[] {
  return askedStage(source)?.groups ?? [];
}
