import { setTimeout as pause } from "node:timers/promises";
import { startConsumer, type CommandBus, type EventFeed } from "@countersign/bus";
import type { Database } from "@countersign/database";
import { createDirectoryClient } from "@countersign/directory-client";
import type { EventLog } from "@countersign/event-log";
import { whoSignedIn } from "@countersign/identity";
import type { Logger, Readiness } from "@countersign/telemetry";
import { actionHandlers } from "./adapters/bus/action-handlers.ts";
import { channelHandlers } from "./adapters/bus/channel-handlers.ts";
import { createPolicyClient } from "./adapters/bus/policy-client.ts";
import { evaluateHandlers } from "./adapters/bus/evaluate-handler.ts";
import { erasureHandlers } from "./adapters/bus/erasure-handler.ts";
import { reviewHandlers } from "./adapters/bus/review-handlers.ts";
import { discussionHandlers } from "./adapters/bus/discussion-handlers.ts";
import { editing } from "./adapters/editing/editing.ts";
import { createSigner } from "./adapters/grants/signer.ts";
import { forgetErased } from "./adapters/log/forget-erased.ts";
import { createActionStore, type CachedActionStore } from "./adapters/log/action-store.ts";
import { refusalLog } from "./adapters/log/refusal-log.ts";
import { newId } from "./adapters/new-id.ts";
import { postgresOpenRequests } from "./adapters/postgres/open-request-table.ts";
import { timerConsumer } from "./adapters/postgres/timer-consumer.ts";
import { startTimerPoller } from "./adapters/postgres/timer-poller.ts";
import { countReviews, type ApprovalTables } from "./adapters/postgres/timer-table.ts";
import { views } from "./adapters/views/views.ts";
import type { ApprovalConfig } from "./config.ts";
import { fireTimer } from "./usecases/fire-timer.ts";
import type { Deps, OpenRequests, ReviewQuota } from "./usecases/ports.ts";
import { countedReviewQuota, noReviewQuota } from "./usecases/review-quota.ts";

export type CommandDeps = {
  readonly config: ApprovalConfig;
  readonly log: EventLog;
  readonly commands: CommandBus;
  readonly logger: Logger;
  readonly openRequests: OpenRequests;
  /** Default: none. */
  readonly reviewQuota?: ReviewQuota;
  /** Default: the system's. */
  readonly clock?: () => Date;
};

export type ApprovalDeps = Omit<CommandDeps, "openRequests" | "reviewQuota"> & {
  readonly feed: EventFeed;
  readonly database: Database;
  readonly readiness?: Readiness;
};

/** The lifecycle of actions behind the command port, without timers. */
export function wireUseCases({
  config,
  log,
  commands,
  logger,
  openRequests,
  reviewQuota = noReviewQuota,
  clock = () => new Date(),
}: CommandDeps): Deps & { readonly store: CachedActionStore } {
  return {
    store: createActionStore(log, { actions: config.cacheActions, bytes: config.cacheMegabytes * 1024 * 1024 }),
    openRequests,
    reviewQuota,
    refusals: refusalLog(log, logger),
    policy: createPolicyClient(commands, logger, config.policyTimeout),
    directory: createDirectoryClient({ commands, asker: "approval", config: config.directory }),
    views,
    editing,
    signer: createSigner(config.grantKeys, config.grantIssuer),
    clock,
    newId,
    pause,
    verdictWaitMs: config.verdictWait,
    reportWaitMs: config.reportWait,
  };
}

/** Every method that approval serves. */
export function approvalHandlers(deps: Deps, config: ApprovalConfig) {
  return {
    ...actionHandlers(deps, config.grantKeys.jwks),
    ...reviewHandlers(deps),
    ...discussionHandlers(deps),
    ...erasureHandlers(deps),
    ...evaluateHandlers(deps),
    ...channelHandlers(deps, whoSignedIn(config.issuers, deps.clock)),
  };
}

/** Serves commands and keeps timers until closed. Any number of instances may run. */
export async function startApproval(deps: ApprovalDeps): Promise<{ close(): Promise<void> }> {
  const { config, log, commands, feed, logger, clock = () => new Date() } = deps;
  const database = deps.database.kysely<ApprovalTables>();
  const quota = countedReviewQuota({
    limitOf: (tenant) => config.quotas.of(tenant).pendingReviews,
    countPending: (tenant) => countReviews(database, log.ledger, tenant),
    monotonicMs: () => performance.now(),
  });
  const useCases = wireUseCases({ ...deps, reviewQuota: quota, openRequests: postgresOpenRequests(database, log.ledger) });
  const served = await commands.serve("approval", approvalHandlers(useCases, config));
  const consumer = await startConsumer(timerConsumer(log.ledger), { log, feed, database, logger, readiness: deps.readiness });
  const stopForgetting = forgetErased(useCases.store, feed);
  const poller = startTimerPoller({
    database,
    ledger: log.ledger,
    fire: (ref, kind, due) => fireTimer(useCases, ref, kind, due),
    clock,
    logger,
    intervalMs: config.timerInterval,
  });
  return {
    close: async () => {
      stopForgetting();
      await served.close();
      await poller.close();
      await consumer.close();
    },
  };
}
