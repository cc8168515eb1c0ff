import type { CommandHandler } from "@countersign/bus";
import type { Logger } from "@countersign/telemetry";
import type { ActivePolicies } from "../usecases/active-policies.ts";
import { PolicyStoreError, type PolicyStore } from "../usecases/policy-store.ts";
import { evaluateActionHandler, evaluateHandler, testPolicyHandler } from "./evaluate-handlers.ts";
import { evaluateRecordedHandler } from "./evaluate-recorded.ts";
import { storeFailure } from "./failures.ts";
import type { TenantTime } from "./tenant-time.ts";
import type { UnknownReviewers } from "./unknown-reviewers.ts";
import { activatePolicyHandler, getPolicyHandler, listPolicyRevisionsHandler, publishPolicyHandler } from "./revision-handlers.ts";

export type HandlerDeps = {
  readonly store: PolicyStore;
  readonly policies: ActivePolicies;
  readonly clock: () => Date;
  readonly monotonicMs: () => number;
  readonly verdicts: TenantTime;
  readonly documents: TenantTime;
  readonly unknownReviewers: UnknownReviewers;
  readonly logger: Logger;
};

/** Every method of the service `policy`. */
export function createHandlers(deps: HandlerDeps): Readonly<Record<string, CommandHandler>> {
  const { verdicts, documents } = deps;
  return {
    Evaluate: guarded(evaluateHandler(deps), deps.logger, verdicts),
    EvaluateAction: guarded(evaluateActionHandler(deps), deps.logger, verdicts),
    PublishPolicy: guarded(publishPolicyHandler(deps), deps.logger, documents),
    ActivatePolicy: guarded(activatePolicyHandler(deps), deps.logger),
    GetPolicy: guarded(getPolicyHandler(deps), deps.logger),
    ListPolicyRevisions: guarded(listPolicyRevisionsHandler(deps), deps.logger),
    TestPolicy: guarded(testPolicyHandler(deps), deps.logger, documents),
    EvaluateRecorded: guarded(evaluateRecordedHandler(deps), deps.logger, documents),
  };
}

/** @param time of the tenant, for what a handler does before it waits for anything */
function guarded(handler: CommandHandler, logger: Logger, time?: TenantTime): CommandHandler {
  return async (command) => {
    try {
      return await (time === undefined ? handler(command) : time.run(command.caller?.tenant ?? "", () => handler(command)));
    } catch (error) {
      if (error instanceof PolicyStoreError) logger.error({ err: error, tenant: command.caller?.tenant }, "the policy store failed");
      throw storeFailure(error);
    }
  };
}
