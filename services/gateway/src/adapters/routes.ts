import type { DescMessage, MessageShape } from "@bufbuild/protobuf";
import { CommandError, decoded } from "@countersign/bus";
import * as action from "@countersign/proto/v1/action_service_pb";
import * as audit from "@countersign/proto/v1/audit_service_pb";
import * as directory from "@countersign/proto/v1/directory_service_pb";
import * as notifier from "@countersign/proto/v1/notifier_service_pb";
import * as policy from "@countersign/proto/v1/policy_service_pb";
import type { Principal } from "@countersign/proto/v1/principal_pb";
import * as review from "@countersign/proto/v1/review_service_pb";
import type { RpcName } from "../access.ts";
import * as actions from "./validate/actions.ts";
import * as audits from "./validate/audit.ts";
import * as people from "./validate/directory.ts";
import * as notifiers from "./validate/notifiers.ts";
import * as policies from "./validate/policies.ts";
import * as reviews from "./validate/reviews.ts";
import { Violations } from "./validate/violations.ts";
import { type Recorded, redemptionIn } from "./wire/recorded.ts";

/** JSON may be nested far deeper than allowed and still gets an answer that says so. */
const RECURSION_LIMIT = 1000;

type Check<Request> = (request: Request, violations: Violations, wireSize: number, caller: Principal) => void;

/** Decodes a request and checks it. @throws CommandError INVALID_ARGUMENT: MALFORMED, or FIELD_VIOLATION with all of them. */
type Reader<Request> = (bytes: Uint8Array, caller: Principal) => Request;

function reader<Schema extends DescMessage>(schema: Schema, check: Check<MessageShape<Schema>>): Reader<MessageShape<Schema>> {
  return (bytes, caller) => {
    const request = decode(schema, bytes);
    const violations = new Violations();
    check(request, violations, bytes.length, caller);
    violations.throwIfAny();
    return request;
  };
}

function decode<Schema extends DescMessage>(schema: Schema, bytes: Uint8Array): MessageShape<Schema> {
  try {
    return decoded(schema, bytes, { recursionLimit: RECURSION_LIMIT });
  } catch {
    throw new CommandError(
      "INVALID_ARGUMENT",
      "MALFORMED",
      `The request is not a well-formed ${schema.typeName} (protobuf, UTF-8, not nested without end).`,
    );
  }
}

const nothingToCheck = (): void => {};

/** Where a method goes, what its request must be like, and where its reply says what it recorded; default: in the action that is its field 1. */
export type Route = {
  readonly service: string;
  readonly read: (bytes: Uint8Array, caller: Principal) => unknown;
  readonly recordedIn?: (reply: Uint8Array) => Recorded;
};

/** Requests whose handlers look into them. */
export const readRequestAction = reader(action.RequestActionRequestSchema, actions.checkRequestAction);
export const readRequestAndWatch = reader(action.RequestAndWatchRequestSchema, actions.checkRequestAndWatch);
export const readWatchAction = reader(action.WatchActionRequestSchema, actions.checkWatchAction);
export const readStreamEvents = reader(audit.StreamEventsRequestSchema, audits.checkStreamEvents);

/** Methods that are one command, answered by a stream. */
export const STREAMS = {
  Export: { service: "audit", read: reader(audit.ExportRequestSchema, audits.checkExport) },
  GetReport: { service: "audit", read: reader(audit.GetReportRequestSchema, audits.checkGetReport) },
  // Audit reads what was asked; policy answers it.
  BacktestPolicy: { service: "audit", read: reader(policy.BacktestPolicyRequestSchema, policies.checkBacktestPolicy) },
  Fsck: { service: "audit", read: reader(audit.FsckRequestSchema, nothingToCheck) },
  RebuildProjection: { service: "audit", read: reader(audit.RebuildProjectionRequestSchema, audits.checkRebuildProjection) },
} as const satisfies Partial<Record<RpcName, Route>>;

/** Methods that are one command: where it goes and what its request must be like. */
export const COMMANDS = {
  GetAction: { service: "approval", read: reader(action.GetActionRequestSchema, actions.checkActionAt) },
  ListActions: { service: "audit", read: reader(action.ListActionsRequestSchema, actions.checkListActions) },
  AcceptEdit: { service: "approval", read: reader(action.AcceptEditRequestSchema, actions.checkAcceptEdit) },
  CancelAction: { service: "approval", read: reader(action.CancelActionRequestSchema, actions.checkCancelAction) },
  RedeemGrant: {
    service: "approval",
    read: reader(action.RedeemGrantRequestSchema, actions.checkRedeemGrant),
    recordedIn: redemptionIn,
  },
  ReportExecution: { service: "approval", read: reader(action.ReportExecutionRequestSchema, actions.checkReportExecution) },
  EvaluateAction: { service: "approval", read: reader(action.EvaluateActionRequestSchema, actions.checkEvaluateAction) },
  GetGrantKeys: { service: "approval", read: reader(action.GetGrantKeysRequestSchema, nothingToCheck) },
  EraseContent: { service: "approval", read: reader(action.EraseContentRequestSchema, actions.checkEraseContent) },

  ListNotifiers: { service: "notifier", read: reader(notifier.ListNotifiersRequestSchema, nothingToCheck) },
  ListDeliveries: { service: "notifier", read: reader(notifier.ListDeliveriesRequestSchema, notifiers.checkListDeliveries) },
  RetryDeliveries: { service: "notifier", read: reader(notifier.RetryDeliveriesRequestSchema, notifiers.checkRetryDeliveries) },

  ListReviews: { service: "audit", read: reader(review.ListReviewsRequestSchema, reviews.checkListReviews) },
  GetReview: { service: "approval", read: reader(review.GetReviewRequestSchema, actions.checkActionId) },
  SubmitVote: { service: "approval", read: reader(review.SubmitVoteRequestSchema, reviews.checkSubmitVote) },
  BreakGlass: { service: "approval", read: reader(review.BreakGlassRequestSchema, reviews.checkBreakGlass) },
  CloseAfterReview: { service: "approval", read: reader(review.CloseAfterReviewRequestSchema, reviews.checkCloseAfterReview) },
  AddComment: { service: "approval", read: reader(review.AddCommentRequestSchema, reviews.checkAddComment) },
  ClaimReview: { service: "approval", read: reader(review.ClaimReviewRequestSchema, actions.checkActionId) },
  ReleaseReview: { service: "approval", read: reader(review.ReleaseReviewRequestSchema, actions.checkActionId) },

  PublishPolicy: { service: "policy", read: reader(policy.PublishPolicyRequestSchema, policies.checkPublishPolicy) },
  ActivatePolicy: { service: "policy", read: reader(policy.ActivatePolicyRequestSchema, policies.checkActivatePolicy) },
  GetPolicy: { service: "policy", read: reader(policy.GetPolicyRequestSchema, policies.checkGetPolicy) },
  ListPolicyRevisions: { service: "policy", read: reader(policy.ListPolicyRevisionsRequestSchema, policies.checkListPolicyRevisions) },
  TestPolicy: { service: "policy", read: reader(policy.TestPolicyRequestSchema, policies.checkTestPolicy) },

  GetMe: { service: "directory", read: reader(directory.GetMeRequestSchema, nothingToCheck) },
  CreateDelegation: { service: "directory", read: reader(directory.CreateDelegationRequestSchema, people.checkCreateDelegation) },
  RevokeDelegation: { service: "directory", read: reader(directory.RevokeDelegationRequestSchema, people.checkRevokeDelegation) },
  ListDelegations: { service: "directory", read: reader(directory.ListDelegationsRequestSchema, people.checkListDelegations) },
  SetAway: { service: "directory", read: reader(directory.SetAwayRequestSchema, people.checkSetAway) },
  GetLinkOffer: { service: "directory", read: reader(directory.GetLinkOfferRequestSchema, people.checkGetLinkOffer) },
  LinkAccount: { service: "directory", read: reader(directory.LinkAccountRequestSchema, people.checkLinkAccount) },
  UnlinkAccount: { service: "directory", read: reader(directory.UnlinkAccountRequestSchema, people.checkUnlinkAccount) },
  ErasePerson: { service: "directory", read: reader(directory.ErasePersonRequestSchema, people.checkErasePerson) },

  GetTimeline: { service: "audit", read: reader(audit.GetTimelineRequestSchema, actions.checkActionAt) },
  ListDeadLetters: { service: "audit", read: reader(audit.ListDeadLettersRequestSchema, audits.checkListDeadLetters) },
  GetDeadLetter: { service: "audit", read: reader(audit.GetDeadLetterRequestSchema, audits.checkGetDeadLetter) },
  ReplayDeadLetters: { service: "audit", read: reader(audit.ReplayDeadLettersRequestSchema, audits.checkReplayDeadLetters) },
  DiscardDeadLetter: { service: "audit", read: reader(audit.DiscardDeadLetterRequestSchema, audits.checkDiscardDeadLetter) },
  GetCheckpoint: { service: "audit", read: reader(audit.GetCheckpointRequestSchema, nothingToCheck) },
  GetProof: { service: "audit", read: reader(audit.GetProofRequestSchema, audits.checkGetProof) },
  StartEpoch: { service: "audit", read: reader(audit.StartEpochRequestSchema, nothingToCheck) },
} as const satisfies Partial<Record<RpcName, Route>>;

export type CommandName = keyof typeof COMMANDS;
export type StreamName = keyof typeof STREAMS;
