import type { CountingVote, RequesterFact, StageFact } from "./fact.ts";
import type { PrincipalKey } from "./principal-key.ts";

export type ActionStatus =
  | "REQUESTED"
  | "DENIED"
  | "IN_REVIEW"
  | "EDITED"
  | "APPROVED"
  | "REJECTED"
  | "EXPIRED"
  | "CANCELLED"
  | "REDEEMED"
  | "SUCCEEDED"
  | "FAILED"
  | "UNREPORTED"
  | "GRANT_EXPIRED"
  | "REVOKED";

/** A claim on a review. */
export type ClaimState = { readonly issuer: string; readonly id: string; readonly until: number };

/** All that the list of actions knows about one action. Every member is always there, in this order: the stored bytes depend on it. */
export type ActionState = {
  readonly version: number;
  readonly status: ActionStatus;
  readonly requestPosition: number;
  readonly requestTime: number;
  readonly updateTime: number;
  readonly actionName: string;
  readonly resourceType: string;
  readonly resourceId: string;
  readonly requester: RequesterFact;
  readonly owner: PrincipalKey | null;
  /** Policy lets the owner decide. */
  readonly ownerMayApprove: boolean;
  readonly stages: readonly StageFact[];
  readonly openStage: number;
  /** Stages whose escalation has happened. */
  readonly escalated: readonly number[];
  readonly deadline: number | null;
  /** Everybody who edited, in order of the first time. */
  readonly editors: readonly PrincipalKey[];
  /** Votes that did not lapse, oldest first. */
  readonly votes: readonly CountingVote[];
  /** How often its requester asked for it. */
  readonly asked: number;
  /** Who says to be looking at it, until then at most: nothing in the log says when that is over. */
  readonly claim: ClaimState | null;
  /** Who approved it alone, until somebody has looked at that. */
  readonly afterReview: readonly PrincipalKey[] | null;
};

export const UNREQUESTED: ActionState = {
  version: 0,
  status: "REQUESTED",
  requestPosition: 0,
  requestTime: 0,
  updateTime: 0,
  actionName: "",
  resourceType: "",
  resourceId: "",
  requester: { issuer: "", id: "", kind: "unknown", chain: [] },
  owner: null,
  ownerMayApprove: false,
  stages: [],
  openStage: 0,
  escalated: [],
  deadline: null,
  editors: [],
  votes: [],
  asked: 1,
  claim: null,
  afterReview: null,
};

export type OpenReview = {
  readonly deadline: number | null;
  readonly groups: readonly string[];
  readonly quorum: string;
  readonly approvals: number;
};

/** The stage that people are asked in (or were asked last), if people were ever asked. */
export function openReview(state: ActionState): OpenReview | undefined {
  const stage = state.stages[state.openStage];
  if (stage === undefined) return undefined;
  const approvals = state.votes.filter((vote) => vote.approves && vote.stage === state.openStage).length;
  return { deadline: state.deadline, groups: stage.groups, quorum: stage.quorum, approvals };
}

/** Whether people are asked for something: a decision, or a word afterwards on what somebody decided alone. */
export function waitsForPeople({ status, afterReview }: ActionState): boolean {
  return status === "IN_REVIEW" || afterReview !== null;
}
