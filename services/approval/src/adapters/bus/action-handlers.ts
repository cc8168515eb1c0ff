import type { CommandHandler } from "@countersign/bus";
import { encodeMessage } from "@countersign/events";
import { momentOf, NO_MOMENT } from "@countersign/event-log";
import { ExecutionOutcome } from "@countersign/proto/v1/action_pb";
import {
  AcceptEditRequestSchema,
  AcceptEditResponseSchema,
  type AcceptEditRequest,
  CancelActionRequestSchema,
  CancelActionResponseSchema,
  GetActionRequestSchema,
  GetActionResponseSchema,
  GetGrantKeysRequestSchema,
  GetGrantKeysResponseSchema,
  RedeemGrantRequestSchema,
  RedeemGrantResponseSchema,
  ReportExecutionRequestSchema,
  type ReportExecutionRequest,
  ReportExecutionResponseSchema,
  RequestActionRequestSchema,
  RequestActionResponseSchema,
  type RequestAndWatchRequest,
  RequestAndWatchRequestSchema,
  WatchActionRequestSchema,
  WatchActionResponseSchema,
} from "@countersign/proto/v1/action_service_pb";
import { toHex } from "../../usecases/content.ts";
import { cancelAction, reportExecution } from "../../usecases/end-action.ts";
import { tokenFor } from "../../usecases/grant-token.ts";
import type { Caller, Deps } from "../../usecases/ports.ts";
import { readAction, readActionAt } from "../../usecases/read-action.ts";
import { redeemGrant } from "../../usecases/redeem-grant.ts";
import { requestAction } from "../../usecases/request-action.ts";
import { acceptEdit } from "../../usecases/submit-vote.ts";
import type { GrantJwk } from "../grants/grant-keys.ts";
import { addressOf } from "../grants/grant-token.ts";
import { tokenDigest } from "../grants/signer.ts";
import type { At } from "@countersign/proto/v1/at_pb";
import type { Principal } from "../../domain/principal.ts";
import { fromInputMessage } from "../wire/input-message.ts";
import { action, actionState, settled } from "./answers.ts";
import { call } from "./call.ts";
import { failure, fieldViolation, refused } from "./failures.ts";

/** As it was then; there is no token in the past. */
async function actionAt(deps: Deps, principal: Principal, actionId: string, at: At): Promise<Uint8Array> {
  const moment = momentOf(at);
  if (moment === undefined) throw fieldViolation("at", NO_MOMENT);
  const view = await readActionAt(deps, principal, actionId, moment);
  if (view === undefined) throw failure("NOT_FOUND");
  return encodeMessage(GetActionResponseSchema, { action: action(view) });
}

/** What platforms call. */
export function actionHandlers(deps: Deps, keys: readonly GrantJwk[]): Readonly<Record<string, CommandHandler>> {
  const jwks = encodeMessage(GetGrantKeysResponseSchema, { jwks: JSON.stringify({ keys }) });
  return {
    RequestAction: call(RequestActionRequestSchema, (asked, caller) => recordRequest(deps, asked, caller, "then")),

    // Its first message, without what says that it is the first: gateway goes on as for a watch.
    RequestAndWatch: call(RequestAndWatchRequestSchema, (asked, caller) => recordRequest(deps, asked, caller, "now")),

    GetAction: call(GetActionRequestSchema, async ({ actionId, at }, { principal, knownVersion }) => {
      if (at !== undefined) return actionAt(deps, principal, actionId, at);
      const found = await readAction(deps, principal, actionId, knownVersion);
      if (found === undefined) throw failure("NOT_FOUND");
      const response = { action: action(found.view), grantToken: found.token ?? "" };
      return encodeMessage(GetActionResponseSchema, response);
    }),

    // One message of the watch: gateway asks again whenever it has heard of a change.
    WatchAction: call(WatchActionRequestSchema, async ({ actionId }, { principal, knownVersion }) => {
      const found = await readAction(deps, principal, actionId, knownVersion);
      if (found === undefined) throw failure("NOT_FOUND");
      return encodeMessage(WatchActionResponseSchema, { action: actionState(found.view), grantToken: found.token ?? "" });
    }),

    AcceptEdit: call(AcceptEditRequestSchema, (request, caller) => accept(deps, request, caller)),

    CancelAction: call(CancelActionRequestSchema, async ({ actionId, reason }, caller) => {
      const handled = await cancelAction(deps, caller, { ref: { tenant: caller.principal.tenant, id: actionId }, reason });
      return encodeMessage(CancelActionResponseSchema, { action: settled(handled) });
    }),

    RedeemGrant: call(RedeemGrantRequestSchema, async ({ grantToken, digest, idempotencyKey }, caller) => {
      const ref = addressOf(grantToken);
      if (ref === undefined || ref.tenant !== caller.principal.tenant) throw failure("GRANT_INVALID");
      if (idempotencyKey === "") throw fieldViolation("idempotency_key", "is required");
      const redemption = { ref, tokenDigest: tokenDigest(grantToken), digest: toHex(digest), idempotencyKey };
      const redeemed = await redeemGrant(deps, caller, redemption);
      if (redeemed.outcome === "refused") throw refused(redeemed);
      if (redeemed.outcome !== "redeemed") throw failure(redeemed.outcome === "key_reused" ? "KEY_REUSED" : "LOST_RACE");
      const { actionId, version, position, redeemedAt: redeemTime } = redeemed.receipt;
      const response = { actionId, version: BigInt(version), position: BigInt(position), redeemTime };
      return encodeMessage(RedeemGrantResponseSchema, response);
    }),

    ReportExecution: call(ReportExecutionRequestSchema, (request, caller) => report(deps, request, caller)),

    GetGrantKeys: call(GetGrantKeysRequestSchema, async () => jwks),
  };
}

async function recordRequest(
  deps: Deps,
  asked: Pick<RequestAndWatchRequest, "input" | "idempotencyKey">,
  caller: Caller,
  retryTells: "then" | "now",
): Promise<Uint8Array> {
  const { idempotencyKey } = asked;
  const input = asked.input && fromInputMessage(asked.input, caller.principal);
  if (input === undefined) throw fieldViolation("input", "must have an action name, a resource type and a resource id");
  if (idempotencyKey === "") throw fieldViolation("idempotency_key", "is required");
  const requested = await requestAction(deps, caller, { input, idempotencyKey, retryTells });
  if (requested.outcome === "refused") throw refused(requested);
  if (requested.outcome !== "recorded") throw failure(requested.outcome === "key_reused" ? "KEY_REUSED" : "LOST_RACE");
  const response = { action: action(requested.view), grantToken: requested.token ?? "" };
  return encodeMessage(RequestActionResponseSchema, response);
}

async function accept(deps: Deps, { actionId, digest }: AcceptEditRequest, caller: Caller): Promise<Uint8Array> {
  const handled = await acceptEdit(deps, caller, { ref: { tenant: caller.principal.tenant, id: actionId }, digest: toHex(digest) });
  const accepted = settled(handled);
  const view = "view" in handled ? handled.view : undefined;
  const response = { action: accepted, grantToken: (view && (await tokenFor(deps, view, caller.principal))) ?? "" };
  return encodeMessage(AcceptEditResponseSchema, response);
}

async function report(deps: Deps, request: ReportExecutionRequest, caller: Caller): Promise<Uint8Array> {
  const { actionId, outcome, outputDigest, message } = request;
  if (outcome !== ExecutionOutcome.SUCCEEDED && outcome !== ExecutionOutcome.FAILED)
    throw fieldViolation("outcome", "must be SUCCEEDED or FAILED");
  if (outputDigest.length !== 0 && outputDigest.length !== 32) throw fieldViolation("output_digest", "must be empty or 32 bytes");
  const handled = await reportExecution(deps, caller, {
    ref: { tenant: caller.principal.tenant, id: actionId },
    outcome: outcome === ExecutionOutcome.SUCCEEDED ? "succeeded" : "failed",
    outputDigest: toHex(outputDigest),
    message,
  });
  return encodeMessage(ReportExecutionResponseSchema, { action: settled(handled) });
}
