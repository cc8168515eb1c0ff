import { timestampDate, type Timestamp } from "@bufbuild/protobuf/wkt";
import {
  ActionStatus,
  AfterReviewFinding,
  CommentKind,
  VoteDecision,
  type Action,
  type ActionInput,
  type AfterReview,
  type Comment,
  type Quorum,
  type Review,
  type ReviewClaim as ClaimMessage,
  type ReviewerSelector,
  type Stage,
  type Verdict,
  type Vote,
} from "@countersign/proto/v1/action_pb";
import { PrincipalType, type Principal, type PrincipalRef } from "@countersign/proto/v1/principal_pb";
import type {
  PrincipalName,
  ReviewClaim,
  ReviewComment,
  ReviewInput,
  ReviewSource,
  ReviewStage,
  ReviewStatus,
  ReviewVote,
} from "./review-source.ts";

/** What reviewers may see of an action. Its salt and its grant stay behind. */
export function toReviewSource(action: Action): ReviewSource {
  const { requester, verdict, review } = action;
  return {
    id: action.id,
    tenant: action.tenant,
    status: STATUS[action.status] ?? "unknown",
    version: Number(action.version),
    digest: Buffer.from(action.digest).toString("hex"),
    input: toInput(action.input),
    bindingContext: action.bindingContext,
    requester: requester === undefined ? undefined : toRequester(requester),
    verdict: verdict === undefined ? undefined : toVerdict(verdict),
    editable: verdict?.terms?.editable ?? "",
    review: review === undefined ? undefined : toReview(review),
    afterReview: action.afterReview === undefined ? undefined : toAfterReview(action.afterReview),
  };
}

const STATUS: Readonly<Record<number, ReviewStatus>> = {
  [ActionStatus.REQUESTED]: "requested",
  [ActionStatus.DENIED]: "denied",
  [ActionStatus.IN_REVIEW]: "in review",
  [ActionStatus.EDITED]: "edited",
  [ActionStatus.APPROVED]: "approved",
  [ActionStatus.REJECTED]: "rejected",
  [ActionStatus.EXPIRED]: "expired",
  [ActionStatus.CANCELLED]: "cancelled",
  [ActionStatus.REDEEMED]: "redeemed",
  [ActionStatus.SUCCEEDED]: "succeeded",
  [ActionStatus.FAILED]: "failed",
  [ActionStatus.UNREPORTED]: "unreported",
  [ActionStatus.GRANT_EXPIRED]: "grant expired",
  [ActionStatus.REVOKED]: "revoked",
};

const PRINCIPAL_TYPE: Readonly<Record<number, string>> = {
  [PrincipalType.HUMAN]: "human",
  [PrincipalType.AGENT]: "agent",
  [PrincipalType.SERVICE]: "service",
};

/** Erased content leaves no input, or one without an operation. */
function toInput(input: ActionInput | undefined): ReviewInput | undefined {
  if (input?.action === undefined || input.resource === undefined) return undefined;
  const { subject, action, resource } = input;
  return {
    subject: { type: subject?.type ?? "", id: subject?.id ?? "", properties: subject?.properties ?? {} },
    action: { name: action.name, properties: action.properties ?? {} },
    resource: { type: resource.type, id: resource.id, properties: resource.properties ?? {} },
    context: input.context ?? {},
  };
}

function toRequester(principal: Principal): NonNullable<ReviewSource["requester"]> {
  return {
    ...toName(principal),
    type: PRINCIPAL_TYPE[principal.type] ?? "unknown",
    chain: principal.chain.map(toName),
    owner: principal.owner === undefined ? undefined : toName(principal.owner),
  };
}

function toVerdict({ rule, revision, reasons, risk }: Verdict): NonNullable<ReviewSource["verdict"]> {
  return { rule, revision: Number(revision), reasons, risk: risk.map(({ points, reason }) => ({ points, reason })) };
}

function toAfterReview(after: AfterReview): NonNullable<ReviewSource["afterReview"]> {
  const finding = after.finding === AfterReviewFinding.JUSTIFIED ? "justified" : "not justified";
  const by = after.closedBy;
  return {
    usedBy: after.usedBy === undefined ? { issuer: "", id: "" } : toName(after.usedBy),
    reason: after.reason,
    skipped: after.skipped.map(({ quorumText }) => quorumText),
    closed: by === undefined ? undefined : { by: toName(by), finding, reason: after.findingReason },
  };
}

function toReview(review: Review): NonNullable<ReviewSource["review"]> {
  return {
    stages: review.stages.map((stage, index) => toStage(stage, review.escalated && index === review.openStage)),
    openStage: review.openStage,
    votes: review.votes.map(toVote),
    deadline: review.deadline === undefined ? undefined : timestampDate(review.deadline),
    editor: review.editor === undefined ? undefined : toName(review.editor),
    asked: review.asked,
    comments: review.comments.map(toComment),
    claim: review.claim === undefined ? undefined : toClaim(review.claim),
  };
}

const KINDS: Readonly<Record<number, ReviewComment["kind"]>> = { [CommentKind.QUESTION]: "question", [CommentKind.ANSWER]: "answer" };

function toComment({ number, kind, author, byRequester, text, question, answer }: Comment): ReviewComment {
  return { number, kind: KINDS[kind] ?? "remark", author: nameOr(author), byRequester, text, question, answer };
}

function toClaim({ reviewer, claimTime, expireTime }: ClaimMessage): ReviewClaim {
  const time = (stamp: Timestamp | undefined): Date => (stamp === undefined ? new Date(0) : timestampDate(stamp));
  return { reviewer: nameOr(reviewer), since: time(claimTime), until: time(expireTime) };
}

function nameOr(principal: PrincipalRef | undefined): PrincipalName {
  return principal === undefined ? { issuer: "", id: "" } : toName(principal);
}

function toStage({ name, quorum, quorumText, escalation }: Stage, escalated: boolean): ReviewStage {
  const selectors = [...(quorum === undefined ? [] : selectorsOf(quorum)), ...((escalated && escalation?.to) || [])];
  const named = (kind: "group" | "person" | "onCall"): readonly string[] => [
    ...new Set(selectors.flatMap(({ who }) => (who.case === kind ? [who.value] : []))),
  ];
  return { name, quorum: quorumText, groups: named("group"), people: named("person"), schedules: named("onCall") };
}

function selectorsOf({ rule }: Quorum): readonly ReviewerSelector[] {
  if (rule.case === undefined) return [];
  return rule.case === "atLeast" ? rule.value.of : rule.value.of.flatMap(selectorsOf);
}

function toVote(vote: Vote): ReviewVote {
  return {
    reviewer: vote.reviewer === undefined ? { issuer: "", id: "" } : toName(vote.reviewer),
    // Anything that is not an approval counts as none.
    decision: vote.decision === VoteDecision.APPROVE ? "approve" : "reject",
    reason: vote.reason,
    stage: vote.stage,
    lapsed: vote.lapsed,
    haste: vote.haste && { availableSeconds: vote.haste.availableSeconds, neededSeconds: vote.haste.neededSeconds },
    inPlaceOf: vote.inPlaceOf,
  };
}

function toName(principal: Principal | PrincipalRef): PrincipalName {
  return { issuer: principal.issuer, id: principal.id };
}
