import { serveStreams, type CommandBus, type CommandHandler, type EventFeed, type LedgerCopy } from "@countersign/bus";
import type { Database } from "@countersign/database";
import { createDirectoryClient } from "@countersign/directory-client";
import { scanLedger, type AppendKeys, type EventLog } from "@countersign/event-log";
import type { Logger, Readiness } from "@countersign/telemetry";
import { backtestPolicy } from "./adapters/backtest/backtest-policy.ts";
import {
  discardTenantDeadLetter,
  getTenantDeadLetter,
  listTenantDeadLetters,
  replayTenantDeadLetters,
} from "./adapters/commands/dead-letters.ts";
import { exportEvidence } from "./adapters/commands/export.ts";
import { fewAtOnce } from "./adapters/commands/few-at-once.ts";
import { fsckEverything, rebuildProjections } from "./adapters/commands/fsck-and-rebuild.ts";
import { listActions, listReviews } from "./adapters/commands/lists.ts";
import { operationsLog } from "./adapters/commands/operations-log.ts";
import { readEvents } from "./adapters/commands/read-events.ts";
import { getReport } from "./adapters/commands/report.ts";
import { sealingHandlers } from "./adapters/commands/sealing.ts";
import { getTimeline } from "./adapters/commands/timeline.ts";
import { toFact } from "./adapters/events/to-fact.ts";
import { busCheckpoints } from "./adapters/postgres/checkpoints.ts";
import { positionOfEvent } from "./adapters/postgres/event-by-id.ts";
import { observeLedger } from "./adapters/postgres/ledger-gauges.ts";
import { postgresLedgerRows } from "./adapters/postgres/ledger-rows.ts";
import type { AuditConfig } from "./config.ts";
import { LastCheck } from "./fsck/last-check.ts";
import { keepUp, type KeptUp } from "./keep-up.ts";
import { actionsProjection } from "./projections/actions/index.ts";
import type { Projection } from "./projections/projection.ts";
import { startSealing, type Sealing } from "./sealing/start-sealing.ts";

export type AuditDeps = {
  readonly config: AuditConfig;
  readonly log: EventLog;
  /** Those of the log. */
  readonly appendKeys: AppendKeys;
  readonly commands: CommandBus;
  readonly feed: EventFeed;
  /** The database that holds the ledger, too. */
  readonly database: Database;
  readonly logger: Logger;
  readonly readiness?: Readiness;
  /** What JetStream holds, for `fsck`; without it, that is not checked. */
  readonly copy?: LedgerCopy;
};

export type RunningAudit = {
  /** Absent when nothing is sealed. */
  readonly sealing: Sealing | undefined;
  /** Resolves once every projection has taken in the events before `position`. */
  reached(position: number): Promise<void>;
  close(): Promise<void>;
};

const PROJECTIONS: readonly Projection[] = [actionsProjection(toFact)];
/** Of one tenant, of each call that reads a whole period: more of them would only take from each other, and from other tenants. */
const MOST_AT_ONCE = 4;

/** Keeps the projections and serves `audit`. Any number of instances may run: all answer, one of them folds. */
export async function startAudit(deps: AuditDeps): Promise<RunningAudit> {
  const { config, log, appendKeys, database, logger } = deps;
  const kept = await keepUp(PROJECTIONS, deps);
  const sealing = config.sealing && (await startSealing(config.sealing, { database, log, appendKeys, logger }));
  if (sealing === undefined)
    logger.warn({}, "nothing is sealed: COUNTERSIGN_LOG_ORIGIN is not set, and nobody can prove what the log held");
  const served = await serve(deps, kept, sealing);
  const stopObserving = observeLedger({
    database,
    ledger: log.ledger,
    copy: deps.copy,
    sealing: config.sealing && { witnessed: config.sealing.witnesses !== undefined },
  });
  return {
    sealing,
    reached: kept.reached,
    close: async () => {
      stopObserving();
      await served.close();
      await sealing?.close();
      await kept.close();
    },
  };
}

async function serve(deps: AuditDeps, { reached }: KeptUp, sealing: Sealing | undefined): Promise<{ close(): Promise<void> }> {
  const { config, log, commands, database } = deps;
  const clock = () => new Date();
  const kysely = database.kysely<unknown>();
  const closing = new AbortController();
  const parts = ledgerParts(deps, sealing, closing.signal);
  const lastCheck = new LastCheck();
  const stopObserving = lastCheck.observe();
  const streams = await serveStreams(commands, "audit", {
    Fsck: fsckEverything(parts, lastCheck, commands),
    RebuildProjection: rebuildProjections(parts, PROJECTIONS),
    GetReport: fewAtOnce(MOST_AT_ONCE, getReport({ log, clock })),
    BacktestPolicy: fewAtOnce(MOST_AT_ONCE, backtestPolicy({ log, commands, clock })),
    Export: fewAtOnce(MOST_AT_ONCE, exportEvidence({ log, sealing, commands, clock })),
  });
  const past = { log, database: kysely, reached };
  const directory = createDirectoryClient({ commands, asker: "audit", config: config.directory });
  const operations = operationsLog(log, clock);
  const positionOf = (tenant: string, eventId: string) => positionOfEvent(kysely, log.ledger, tenant, eventId);
  const handlers: Readonly<Record<string, CommandHandler>> = {
    ListActions: listActions(past),
    ListReviews: listReviews({ ...past, directory, clock }),
    GetTimeline: getTimeline(log),
    ReadEvents: readEvents(log),
    ListDeadLetters: listTenantDeadLetters(kysely, log.ledger),
    GetDeadLetter: getTenantDeadLetter(kysely, log),
    ReplayDeadLetters: replayTenantDeadLetters(kysely, log.ledger, operations),
    DiscardDeadLetter: discardTenantDeadLetter(kysely, log.ledger, operations),
    ...streams.handlers,
    ...sealingHandlers({ sealing, log, clock, positionOf }),
  };
  const served = await commands.serve("audit", handlers);
  return {
    close: async () => {
      stopObserving();
      closing.abort();
      await streams.close();
      await served.close();
    },
  };
}

/** What checks and rebuilds of the whole ledger work on. */
function ledgerParts({ log, appendKeys, database, logger, copy }: AuditDeps, sealing: Sealing | undefined, closing: AbortSignal) {
  return {
    ledger: log.ledger,
    // A long reading ends with the service.
    scan: async function* (range: { readonly from: number; readonly to: number }) {
      for await (const events of scanLedger(database, log.ledger, range, appendKeys)) {
        closing.throwIfAborted();
        yield events;
      }
    },
    appendKeys,
    rows: postgresLedgerRows(database, log.ledger, appendKeys),
    pool: database,
    database: database.kysely<unknown>(),
    checkpoints: busCheckpoints(log.ledger),
    projections: PROJECTIONS,
    logger,
    ...(copy === undefined ? {} : { copy }),
    ...(sealing === undefined ? {} : { checkSealed: sealing.check }),
  };
}
