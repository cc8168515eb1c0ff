import type { RpcServer } from "@countersign/grpc-kit";
import { ActionService } from "@countersign/proto/v1/action_service_pb";
import { AuditService } from "@countersign/proto/v1/audit_service_pb";
import { DirectoryService } from "@countersign/proto/v1/directory_service_pb";
import { NotifierService } from "@countersign/proto/v1/notifier_service_pb";
import { PolicyService } from "@countersign/proto/v1/policy_service_pb";
import { ReviewService } from "@countersign/proto/v1/review_service_pb";
import { forward } from "./command.ts";
import type { HandlerDeps } from "./deps.ts";
import { forwardStream } from "./forward-stream.ts";
import { requestAction } from "./request-action.ts";
import { requestAndWatch } from "./request-and-watch.ts";
import { streamEvents } from "./stream-events.ts";
import { watchAction } from "./watch-action.ts";

/** Every public service with a handler per method. */
export function addServices(server: RpcServer, deps: HandlerDeps): void {
  server.add(ActionService, {
    requestAction: requestAction(deps),
    requestAndWatch: { workThenStream: requestAndWatch(deps) },
    getAction: forward("GetAction", deps),
    listActions: forward("ListActions", deps),
    watchAction: { workThenStream: watchAction(deps) },
    acceptEdit: forward("AcceptEdit", deps),
    cancelAction: forward("CancelAction", deps),
    redeemGrant: forward("RedeemGrant", deps),
    reportExecution: forward("ReportExecution", deps),
    evaluateAction: forward("EvaluateAction", deps),
    getGrantKeys: forward("GetGrantKeys", deps),
    eraseContent: forward("EraseContent", deps),
  });
  server.add(ReviewService, {
    listReviews: forward("ListReviews", deps),
    getReview: forward("GetReview", deps),
    submitVote: forward("SubmitVote", deps),
    breakGlass: forward("BreakGlass", deps),
    closeAfterReview: forward("CloseAfterReview", deps),
    addComment: forward("AddComment", deps),
    claimReview: forward("ClaimReview", deps),
    releaseReview: forward("ReleaseReview", deps),
  });
  server.add(PolicyService, {
    publishPolicy: forward("PublishPolicy", deps),
    activatePolicy: forward("ActivatePolicy", deps),
    getPolicy: forward("GetPolicy", deps),
    listPolicyRevisions: forward("ListPolicyRevisions", deps),
    testPolicy: forward("TestPolicy", deps),
    backtestPolicy: forwardStream("BacktestPolicy", deps),
  });
  server.add(DirectoryService, {
    getMe: forward("GetMe", deps),
    createDelegation: forward("CreateDelegation", deps),
    revokeDelegation: forward("RevokeDelegation", deps),
    listDelegations: forward("ListDelegations", deps),
    setAway: forward("SetAway", deps),
    getLinkOffer: forward("GetLinkOffer", deps),
    linkAccount: forward("LinkAccount", deps),
    unlinkAccount: forward("UnlinkAccount", deps),
    erasePerson: forward("ErasePerson", deps),
  });
  addOperations(server, deps);
}

/** What operators and auditors call. */
function addOperations(server: RpcServer, deps: HandlerDeps): void {
  server.add(NotifierService, {
    listNotifiers: forward("ListNotifiers", deps),
    listDeliveries: forward("ListDeliveries", deps),
    retryDeliveries: forward("RetryDeliveries", deps),
  });
  server.add(AuditService, {
    streamEvents: streamEvents(deps),
    getTimeline: forward("GetTimeline", deps),
    export: forwardStream("Export", deps),
    getReport: forwardStream("GetReport", deps),
    fsck: forwardStream("Fsck", deps),
    rebuildProjection: forwardStream("RebuildProjection", deps),
    listDeadLetters: forward("ListDeadLetters", deps),
    getDeadLetter: forward("GetDeadLetter", deps),
    replayDeadLetters: forward("ReplayDeadLetters", deps),
    discardDeadLetter: forward("DiscardDeadLetter", deps),
    getCheckpoint: forward("GetCheckpoint", deps),
    getProof: forward("GetProof", deps),
    startEpoch: forward("StartEpoch", deps),
  });
}
