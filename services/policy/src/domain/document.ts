/** What a rule can say, from the weakest to the strictest: allow, review, deny. */
export type Outcome = "allow" | "review" | "deny";

/** One step of a review: who may vote, and how many must say yes. */
export type Stage = { readonly name: string; readonly groups: readonly string[]; readonly quorum: number };

export type ReviewSpec = { readonly stages: readonly Stage[]; readonly seconds: number };

/** What follows once a rule has decided. */
export type Decision =
  | { readonly outcome: "deny" }
  | { readonly outcome: "allow"; readonly grantSeconds: number }
  | { readonly outcome: "review"; readonly review: ReviewSpec; readonly grantSeconds: number };

export const WEEKDAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"] as const;
export type Weekday = (typeof WEEKDAYS)[number];

/** Time of day where people are; `from` after `to` runs over midnight and belongs to the day it started on. */
export type Hours = {
  readonly timezone: string;
  readonly days: readonly Weekday[];
  /** Minutes since midnight, inclusive. */
  readonly from: number;
  /** Minutes since midnight, exclusive; 1440 is the end of the day. */
  readonly to: number;
};

export type PrincipalType = "human" | "agent" | "service";

/** Every part that is given must hold; a list holds when one of its members does. */
export type Match = {
  readonly actions?: readonly string[] | undefined;
  readonly resources?: readonly { readonly type?: string | undefined; readonly id?: string | undefined }[] | undefined;
  readonly environments?: readonly string[] | undefined;
  readonly subjects?: readonly PrincipalType[] | undefined;
  readonly hours?: Hours | undefined;
};

export type Rule = {
  readonly name: string;
  readonly match: Match;
  /** CEL; absent means true. */
  readonly when?: string | undefined;
  readonly reason?: string | undefined;
  readonly decision: Decision;
};

/** A policy document that was checked: every default is filled in. */
export type PolicyDocument = {
  readonly name: string;
  /** Members of `context` that the action digest covers, sorted. */
  readonly bindingContext: readonly string[];
  /** What happens when no rule matches; absent means deny. */
  readonly defaultReview?: ReviewSpec | undefined;
  readonly defaultGrantSeconds: number;
  readonly rules: readonly Rule[];
};
