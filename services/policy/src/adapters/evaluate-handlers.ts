import { create, toBinary } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { decodeRequest, type CommandHandler } from "@countersign/bus";
import { EvaluateRequestSchema } from "@countersign/proto/internal/v1/command_pb";
import { EvaluateActionRequestSchema, EvaluateActionResponseSchema } from "@countersign/proto/v1/action_service_pb";
import { TestPolicyRequestSchema, TestPolicyResponseSchema } from "@countersign/proto/v1/policy_service_pb";
import { evaluate, explain } from "../domain/evaluate.ts";
import { NO_POLICY } from "../domain/verdict.ts";
import type { ActivePolicies, ActivePolicy } from "../usecases/active-policies.ts";
import { compileText } from "./compile-text.ts";
import { documentRefusal } from "./failures.ts";
import { invalid, toEvaluationInput } from "./input-from-proto.ts";
import { callerOf, policyAdminOf } from "./callers.ts";
import type { TenantTime } from "./tenant-time.ts";
import { encodeEvaluateResponse, toTraceMessage, toVerdictMessage } from "./verdict-to-proto.ts";

export type EvaluateDeps = { readonly policies: ActivePolicies; readonly verdicts: TenantTime; readonly clock: () => Date };

/** The verdict on an action that is being requested, by the policy in force. */
export function evaluateHandler(deps: EvaluateDeps): CommandHandler {
  return async (command) => {
    const { requester, input, time } = decodeRequest(EvaluateRequestSchema, command.request);
    if (time === undefined) throw invalid([{ field: "time", description: "must be set" }]);
    const asked = toEvaluationInput(requester, input, timestampMs(time));
    const { tenant } = asked.principal;
    if (tenant === "" || (command.caller !== undefined && command.caller.tenant !== tenant)) {
      throw invalid([{ field: "requester.tenant", description: "must be the caller's" }]);
    }
    return byPolicy(deps, tenant, (active) => {
      if (active === undefined) return encodeEvaluateResponse(NO_POLICY, "");
      return encodeEvaluateResponse(evaluate(active.compiled, asked, active.revision.revision), active.revision.documentDigest);
    });
  };
}

/** What the policy in force would answer now, and why; records nothing. */
export function evaluateActionHandler(deps: EvaluateDeps): CommandHandler {
  return async (command) => {
    const caller = callerOf(command);
    const { input } = decodeRequest(EvaluateActionRequestSchema, command.request);
    const asked = toEvaluationInput(caller, input, deps.clock().getTime());
    return byPolicy(deps, caller.tenant, (active) => {
      const { verdict, rules } = active ? explain(active.compiled, asked, active.revision.revision) : { verdict: NO_POLICY, rules: [] };
      const response = create(EvaluateActionResponseSchema, { verdict: toVerdictMessage(verdict), rules: rules.map(toTraceMessage) });
      return toBinary(EvaluateActionResponseSchema, response);
    });
  };
}

/** What is done once a read was waited for takes the thread as well, and is counted by itself. */
function byPolicy<Result>(
  { policies, verdicts }: EvaluateDeps,
  tenant: string,
  work: (active: ActivePolicy) => Result,
): Result | Promise<Result> {
  const found = policies.get(tenant);
  return found instanceof Promise ? found.then((active) => verdicts.run(tenant, () => work(active))) : work(found);
}

/** What a document would answer; neither need be stored. The verdict's revision is 0. */
export function testPolicyHandler({ clock }: Pick<EvaluateDeps, "clock">): CommandHandler {
  return async (command) => {
    const caller = policyAdminOf(command);
    const { document, input, requester, time } = decodeRequest(TestPolicyRequestSchema, command.request);
    const compiled = compileText(document);
    if (!compiled.ok) throw documentRefusal(compiled.problems);
    const asked = toEvaluationInput(
      requester && { ...requester, tenant: caller.tenant },
      input,
      time ? timestampMs(time) : clock().getTime(),
    );
    const { verdict, rules } = explain(compiled.policy, asked, 0);
    return toBinary(
      TestPolicyResponseSchema,
      create(TestPolicyResponseSchema, { verdict: toVerdictMessage(verdict), rules: rules.map(toTraceMessage) }),
    );
  };
}
