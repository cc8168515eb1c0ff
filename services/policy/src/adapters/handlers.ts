import type { CommandHandler } from "@countersign/bus";
import type { Logger } from "@countersign/telemetry";
import type { ActivePolicies } from "../usecases/active-policies.ts";
import { PolicyStoreError, type PolicyStore } from "../usecases/policy-store.ts";
import { evaluateActionHandler, evaluateHandler, testPolicyHandler } from "./evaluate-handlers.ts";
import { storeFailure } from "./failures.ts";
import { activatePolicyHandler, getPolicyHandler, listPolicyRevisionsHandler, publishPolicyHandler } from "./revision-handlers.ts";

export type HandlerDeps = {
  readonly store: PolicyStore;
  readonly policies: ActivePolicies;
  readonly clock: () => Date;
  readonly logger: Logger;
};

/** Every method of the service `policy`. */
export function createHandlers(deps: HandlerDeps): Readonly<Record<string, CommandHandler>> {
  return {
    Evaluate: guarded(evaluateHandler(deps), deps.logger),
    EvaluateAction: guarded(evaluateActionHandler(deps), deps.logger),
    PublishPolicy: guarded(publishPolicyHandler(deps), deps.logger),
    ActivatePolicy: guarded(activatePolicyHandler(deps), deps.logger),
    GetPolicy: guarded(getPolicyHandler(deps), deps.logger),
    ListPolicyRevisions: guarded(listPolicyRevisionsHandler(deps), deps.logger),
    TestPolicy: guarded(testPolicyHandler(deps), deps.logger),
  };
}

function guarded(handler: CommandHandler, logger: Logger): CommandHandler {
  return async (command) => {
    try {
      return await handler(command);
    } catch (error) {
      if (error instanceof PolicyStoreError) logger.error({ err: error, tenant: command.caller?.tenant }, "the policy store failed");
      throw storeFailure(error);
    }
  };
}
