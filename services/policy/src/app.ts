import type { CommandBus, EventFeed } from "@countersign/bus";
import { createDirectoryClient } from "@countersign/directory-client";
import type { EventLog, RecordedEvent } from "@countersign/event-log";
import type { Logger } from "@countersign/telemetry";
import { LRUCache } from "lru-cache";
import { compileText } from "./adapters/compile-text.ts";
import { createHandlers } from "./adapters/handlers.ts";
import { TenantTime } from "./adapters/tenant-time.ts";
import { createLogPolicyStore, POLICY_STREAM } from "./adapters/log-policy-store.ts";
import { createUnknownReviewers } from "./adapters/unknown-reviewers.ts";
import type { PolicyConfig } from "./config.ts";
import type { CompiledPolicy } from "./domain/evaluate.ts";
import { createActivePolicies, type Entry } from "./usecases/active-policies.ts";
import { PolicyStoreError } from "./usecases/policy-store.ts";

export type PolicyDeps = {
  readonly config: PolicyConfig;
  readonly log: EventLog;
  readonly commands: CommandBus;
  readonly feed: EventFeed;
  readonly logger: Logger;
  readonly clock?: () => Date;
  /** Milliseconds on a clock that never jumps; measures how old a policy is, and how long a tenant's work takes. */
  readonly monotonicMs?: () => number;
};

/** Serves the commands of `policy` until closed. Any number of instances may run. */
export async function startPolicy(deps: PolicyDeps): Promise<{ close(): Promise<void> }> {
  const { config, log, commands, feed, logger, clock = () => new Date(), monotonicMs = () => performance.now() } = deps;
  const store = createLogPolicyStore(log);
  // What its documents cost holds up no verdict of the tenant's.
  const [verdicts, documents] = [new TenantTime(monotonicMs), new TenantTime(monotonicMs)];
  const policies = createActivePolicies({
    store,
    compile: (tenant, text) => documents.count(tenant, () => compile(text)),
    cache: new LRUCache<string, Entry>({ max: config.cachedTenants }),
    monotonicMs,
    maxAgeMs: config.maxAgeMs,
  });
  const follow = (event: RecordedEvent): void => {
    if (event.stream.type === POLICY_STREAM) policies.invalidate(event.stream.tenant);
  };
  const unsubscribe = feed.subscribe(follow, { streamType: POLICY_STREAM });
  const stopListening = log.onCommitted((events) => events.forEach(follow));
  const stopForgetting = log.onLost?.(() => policies.forgetAll());
  const directory = createDirectoryClient({ commands, asker: "policy", config: config.directory });
  const unknownReviewers = createUnknownReviewers(directory, clock);
  const handlers = createHandlers({ store, policies, verdicts, documents, unknownReviewers, logger, clock, monotonicMs });
  const serving = await commands.serve("policy", handlers);
  logger.info({ maxAgeMs: config.maxAgeMs }, "policy serves");
  return {
    close: async () => {
      await serving.close();
      unsubscribe();
      stopListening();
      stopForgetting?.();
    },
  };
}

/** Compiles what was published before, maybe by another build. */
function compile(text: string): CompiledPolicy {
  const compiled = compileText(text);
  if (compiled.ok) return compiled.policy;
  throw new PolicyStoreError("unreadable", `the policy in force does not compile with this build: ${compiled.problems[0]?.message ?? ""}`);
}
