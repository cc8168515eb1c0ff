import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { CommandError, type CommandHandler } from "@countersign/bus";
import { EvaluateActionRequestSchema, EvaluateActionResponseSchema } from "@countersign/proto/v1/action_service_pb";
import { PrincipalRefSchema } from "@countersign/proto/v1/principal_pb";
import type { Deps } from "../../usecases/ports.ts";
import { foreseenUnknown } from "../../usecases/unknown-causers.ts";
import { toRefMessage } from "../wire/principal-message.ts";
import { call } from "./call.ts";

/** What would become of a request: policy's own answer, and whether the request would be refused all the same. */
export function evaluateHandlers(deps: Deps): Readonly<Record<string, CommandHandler>> {
  return {
    EvaluateAction: call(EvaluateActionRequestSchema, async (request, caller) => {
      const explanation = await deps.policy.explain(caller, toBinary(EvaluateActionRequestSchema, request));
      if (explanation === undefined) throw nonsense();
      const { verdict, told } = explanation;
      const unknown = await foreseenUnknown(deps, caller, verdict);
      if (unknown.length === 0) return told;
      const response = fromBinary(EvaluateActionResponseSchema, told);
      response.refusedReason = "CAUSER_UNKNOWN";
      response.unknownCausers = unknown.map((causer) => create(PrincipalRefSchema, toRefMessage(causer)));
      return toBinary(EvaluateActionResponseSchema, response);
    }),
  };
}

/** Policy did answer, and will say the same again. */
function nonsense(): CommandError {
  const message = "Policy gives a verdict that nobody could act on, so that a request would wait for another one; change the policy.";
  return new CommandError("FAILED_PRECONDITION", "WRONG_STATE", message);
}
