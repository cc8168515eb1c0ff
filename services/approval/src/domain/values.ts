import type { ReviewTerms, RiskPoint, Stage } from "./stage.ts";

/** Milliseconds since 1970, UTC. */
export type Instant = number;

/** Lower-case hexadecimal of a hash or a signature. Text compares with `===`; bytes do not. */
export type Hex = string;

/** What policy answered, and why. */
export type Verdict = {
  readonly outcome: "allow" | "deny" | "review";
  readonly revision: number;
  readonly rule: string;
  readonly reasons: readonly string[];
  readonly stages: readonly Stage[];
  readonly grantSeconds: number;
  readonly bindingContext: readonly string[];
  readonly risk: readonly RiskPoint[];
  readonly terms: ReviewTerms;
};

/** What an entry says about the input without its erasable content. */
export type Operation = {
  readonly subjectType: string;
  readonly subjectId: string;
  readonly actionName: string;
  readonly resourceType: string;
  readonly resourceId: string;
};

/** Reviewers ask, the requester's side answers, both remark. */
export type CommentKind = "remark" | "question" | "answer";

export type VoteDecision = "approve" | "reject";

/** What somebody who looked at a break-glass found. */
export type Finding = "justified" | "not_justified";

/** Seconds between the opening of a vote's stage and the vote, and those that reading takes. */
export type Haste = { readonly availableSeconds: number; readonly neededSeconds: number };

/** A stage that nobody was waited for. */
export type SkippedStage = { readonly stage: number; readonly name: string; readonly quorumText: string };

export type ExecutionOutcome = "succeeded" | "failed";
