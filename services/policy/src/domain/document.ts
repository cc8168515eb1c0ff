import type { Quorum, Selector } from "./reviewers.ts";

/** What a rule can say, from the weakest to the strictest: allow, review, deny. */
export type Outcome = "allow" | "review" | "deny";

/** Who is asked as well, and when. */
export type Escalation = { readonly afterSeconds: number; readonly to: readonly Selector[] };

export const SIGN_INS = ["any", "chat", "session", "mfa"] as const;

/** One step of a review: who must say yes, by when, and what happens otherwise. */
export type Stage = {
  readonly name: string;
  readonly quorum: Quorum;
  /** The quorum in words, for people. */
  readonly quorumText: string;
  readonly distinctTeams: boolean;
  readonly seconds: number;
  /** Seconds after its opening, ascending. */
  readonly reminderSeconds: readonly number[];
  readonly escalation?: Escalation | undefined;
  readonly onTimeout: "deny" | "hold" | "escalate";
  readonly mode: "four_eyes" | "confirm";
  readonly approveNeedsReason: boolean;
  readonly leastSignIn: (typeof SIGN_INS)[number];
};

/** What people may do in a review, beside voting. */
export type ReviewTerms = {
  /** JSON: from the name of a member of `action.properties` to the JSON Schema of what it may become. Empty: nothing may be edited. */
  readonly editable: string;
  readonly ownerMayApprove: boolean;
  /** Who may approve alone in an emergency; absent: nobody. */
  readonly breakGlass?: { readonly groups: readonly string[]; readonly requester: boolean } | undefined;
};

export type ReviewSpec = { readonly stages: readonly Stage[]; readonly terms: ReviewTerms };

/** Points that an action gets while a condition holds, with the reason for them. */
export type RiskRule = { readonly when?: string | undefined; readonly points: number; readonly reason: string };

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
  /** The risk score is at least this. */
  readonly risk?: number | undefined;
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
  readonly risk: readonly RiskRule[];
  readonly rules: readonly Rule[];
};
