import { toReviewSource } from "@countersign/review-view";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { CommandError, type CommandBus } from "@countersign/bus";
import { CommandSchema } from "@countersign/proto/internal/v1/command_pb";
import { GetActionRequestSchema, GetActionResponseSchema } from "@countersign/proto/v1/action_service_pb";
import { PrincipalType } from "@countersign/proto/v1/principal_pb";
import { UnreadableActionError, type ReadAction } from "../../usecases/attempt-delivery.ts";

/** Well below the lease of a delivery. */
const TIMEOUT_MS = 5000;

/** Asks `approval` for what channels may show: any action of the tenant, and never a grant. */
export function actionReader(commands: CommandBus): ReadAction {
  return async (tenant, actionId, traceparent) => {
    const command = create(CommandSchema, {
      caller: { tenant, type: PrincipalType.SERVICE, issuer: "countersign", id: "notifier" },
      traceparent,
      request: toBinary(GetActionRequestSchema, create(GetActionRequestSchema, { actionId })),
    });
    const reply = await commands.send("approval", "GetActionForChannel", command, { timeoutMs: TIMEOUT_MS }).catch((error: unknown) => {
      throw unreadable(error);
    });
    const { action } = fromBinary(GetActionResponseSchema, reply);
    // Whoever answers with another action than the one asked for must not decide what people see.
    if (action === undefined || action.id !== actionId || action.tenant !== tenant)
      throw new UnreadableActionError("refused", "approval answered with another action");
    return toReviewSource(action);
  };
}

function unreadable(cause: unknown): UnreadableActionError {
  if (!(cause instanceof CommandError)) return new UnreadableActionError("refused", "approval cannot be asked", { cause });
  if (cause.code === "NOT_FOUND") return new UnreadableActionError("gone", "the action does not exist", { cause });
  const unreachable = cause.code === "UNAVAILABLE" || cause.code === "DEADLINE_EXCEEDED" || cause.code === "RESOURCE_EXHAUSTED";
  return new UnreadableActionError(unreachable ? "unreachable" : "refused", `approval answered ${cause.code}`, { cause });
}
