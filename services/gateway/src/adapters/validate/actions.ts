import type { Duration } from "@bufbuild/protobuf/wkt";
import { ActionStatusSchema, ExecutionOutcomeSchema } from "@countersign/proto/v1/action_pb";
import type {
  AcceptEditRequest,
  CancelActionRequest,
  EraseContentRequest,
  EvaluateActionRequest,
  ListActionsRequest,
  RedeemGrantRequest,
  ReportExecutionRequest,
  RequestActionRequest,
  RequestAndWatchRequest,
  WatchActionRequest,
} from "@countersign/proto/v1/action_service_pb";
import { checkAt, checkCount, checkDigest, checkEnum, checkIdempotencyKey, checkPage, checkText, checkUuid } from "./fields.ts";
import type { At } from "@countersign/proto/v1/at_pb";
import { checkActionName, checkInput } from "./input.ts";
import type { Violations } from "./violations.ts";

const MAX_WAIT_SECONDS = 300;

export function checkRequestAction(request: RequestActionRequest, violations: Violations, wireSize: number): void {
  checkRequestAndWatch(request, violations, wireSize);
  if (request.wait !== undefined) checkWait(violations, "wait", request.wait);
}

/** What both ways to ask have in common, and all that the one that watches has. */
export function checkRequestAndWatch(
  request: Pick<RequestAndWatchRequest, "input" | "idempotencyKey">,
  violations: Violations,
  wireSize: number,
): void {
  checkInput(violations, "input", request.input, wireSize);
  checkIdempotencyKey(violations, "idempotency_key", request.idempotencyKey);
}

export function checkEvaluateAction(request: EvaluateActionRequest, violations: Violations, wireSize: number): void {
  checkInput(violations, "input", request.input, wireSize);
}

/** Any request that names an action and nothing else. */
export function checkActionId(request: { readonly actionId: string }, violations: Violations): void {
  checkUuid(violations, "action_id", request.actionId);
}

/** The same, at a moment perhaps. */
export function checkActionAt(request: { readonly actionId: string; readonly at?: At | undefined }, violations: Violations): void {
  checkActionId(request, violations);
  if (request.at !== undefined) checkAt(violations, "at", request.at);
}

export function checkWatchAction(request: WatchActionRequest, violations: Violations): void {
  checkActionId(request, violations);
  checkCount(violations, "after_version", request.afterVersion);
}

export function checkListActions(request: ListActionsRequest, violations: Violations): void {
  checkPage(violations, request);
  if (request.statuses.length > 50) violations.add("statuses", "has more than 50 items");
  else for (const [index, status] of request.statuses.entries()) checkEnum(violations, `statuses[${index}]`, status, ActionStatusSchema);
  if (request.actionName !== "") checkActionName(violations, "action_name", request.actionName);
  if (request.at !== undefined) checkAt(violations, "at", request.at);
}

export function checkAcceptEdit({ actionId, digest }: AcceptEditRequest, violations: Violations): void {
  checkUuid(violations, "action_id", actionId);
  checkDigest(violations, "digest", digest);
}

export function checkCancelAction(request: CancelActionRequest, violations: Violations): void {
  checkActionId(request, violations);
  checkText(violations, "reason", request.reason, { max: 4096 });
}

export function checkEraseContent(request: EraseContentRequest, violations: Violations): void {
  checkActionId(request, violations);
  checkText(violations, "reason", request.reason, { min: 1, max: 4096 });
}

export function checkRedeemGrant(request: RedeemGrantRequest, violations: Violations): void {
  const isJws = request.grantToken.length <= 8192 && /^[\w-]+\.[\w-]+\.[\w-]+$/.test(request.grantToken);
  if (!isJws) violations.add("grant_token", "must be the token from the approval (a compact JWS)");
  checkDigest(violations, "digest", request.digest);
  checkIdempotencyKey(violations, "idempotency_key", request.idempotencyKey);
}

export function checkReportExecution(request: ReportExecutionRequest, violations: Violations): void {
  checkActionId(request, violations);
  checkEnum(violations, "outcome", request.outcome, ExecutionOutcomeSchema);
  checkDigest(violations, "output_digest", request.outputDigest, "optional");
  checkText(violations, "message", request.message, { max: 4096 });
}

function checkWait(violations: Violations, field: string, { seconds, nanos }: Duration): void {
  const tooLong = seconds > MAX_WAIT_SECONDS || (seconds === BigInt(MAX_WAIT_SECONDS) && nanos > 0);
  if (seconds < 0 || nanos < 0 || nanos > 999_999_999 || tooLong) violations.add(field, `must be 0 to ${MAX_WAIT_SECONDS} s`);
}
