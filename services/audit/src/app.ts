import { serveStreams, startConsumer, type CommandBus, type CommandHandler, type EventFeed, type LedgerCopy } from "@countersign/bus";
import type { Database } from "@countersign/database";
import { scanLedger, type EventLog } from "@countersign/event-log";
import type { Logger } from "@countersign/telemetry";
import {
  discardTenantDeadLetter,
  getTenantDeadLetter,
  listTenantDeadLetters,
  replayTenantDeadLetters,
} from "./adapters/commands/dead-letters.ts";
import { exportEvidence } from "./adapters/commands/export.ts";
import { fsckEverything, rebuildProjections } from "./adapters/commands/ledger.ts";
import { listActions, listReviews } from "./adapters/commands/lists.ts";
import { operationsLog } from "./adapters/commands/operations-log.ts";
import { readEvents } from "./adapters/commands/read-events.ts";
import { getReport } from "./adapters/commands/report.ts";
import { sealingHandlers } from "./adapters/commands/sealing.ts";
import { getTimeline } from "./adapters/commands/timeline.ts";
import { toFact } from "./adapters/events/to-fact.ts";
import { toReportEvent } from "./adapters/events/to-report-event.ts";
import { busCheckpoints } from "./adapters/postgres/checkpoints.ts";
import { positionOfEvent } from "./adapters/postgres/event-by-id.ts";
import { postgresLedgerRows } from "./adapters/postgres/ledger-rows.ts";
import type { AuditConfig } from "./config.ts";
import { actionsProjection } from "./projections/actions/index.ts";
import type { Projection } from "./projections/projection.ts";
import { watchAlarms, WATCHED } from "./report/watch-alarms.ts";
import { startSealing, type Sealing } from "./sealing/start-sealing.ts";

export type AuditDeps = {
  readonly config: AuditConfig;
  readonly log: EventLog;
  readonly commands: CommandBus;
  readonly feed: EventFeed;
  /** The database that holds the ledger, too. */
  readonly database: Database;
  readonly logger: Logger;
  /** What JetStream holds, for `fsck`; without it, that is not checked. */
  readonly copy?: LedgerCopy;
  /** Default: the time. */
  readonly clock?: () => Date;
};

export type RunningAudit = {
  /** Absent when nothing is sealed. */
  readonly sealing: Sealing | undefined;
  /** Resolves once every projection has taken in the events before `position`. */
  reached(position: number): Promise<void>;
  close(): Promise<void>;
};

/** Nobody waits for an alarm as for a list; a second of events is handled at once. */
const ALARM_LINGER_MS = 1000;
const PROJECTIONS: readonly Projection[] = [actionsProjection(toFact)];

/** Keeps the projections and serves `audit`. Any number of instances may run: all answer, one of them folds. */
export async function startAudit({
  config,
  log,
  commands,
  feed,
  database,
  logger,
  copy,
  clock = () => new Date(),
}: AuditDeps): Promise<RunningAudit> {
  const kysely = database.kysely<unknown>();
  const consumers = await Promise.all(
    PROJECTIONS.map((projection) =>
      startConsumer<unknown>(
        {
          name: projection.name,
          lingerMs: config.projectionLinger,
          handle: async (events, transaction) => {
            const [refused] = await projection.project(events, transaction, projection.view);
            if (refused !== undefined) throw refused.error;
          },
        },
        { log, feed, database: kysely, logger },
      ),
    ),
  );
  const alarms = watchAlarms(log, toReportEvent, logger);
  const alarmConsumer = await startConsumer<unknown>(
    { name: "audit.alarms", types: WATCHED, lingerMs: ALARM_LINGER_MS, handle: (events) => alarms.watch(events) },
    { log, feed, database: kysely, logger },
  );
  const sealing = config.sealing && (await startSealing(config.sealing, { database, log, logger }));
  if (sealing === undefined)
    logger.warn({}, "nothing is sealed: COUNTERSIGN_LOG_ORIGIN is not set, and nobody can prove what the log held");
  const closing = new AbortController();
  const parts = {
    ledger: log.ledger,
    // A long reading ends with the service.
    scan: async function* (range: { readonly from: number; readonly to: number }) {
      for await (const events of scanLedger(database, log.ledger, range)) {
        closing.signal.throwIfAborted();
        yield events;
      }
    },
    rows: postgresLedgerRows(database, log.ledger),
    pool: database,
    database: kysely,
    checkpoints: busCheckpoints(log.ledger),
    projections: PROJECTIONS,
    logger,
    ...(copy === undefined ? {} : { copy }),
    ...(sealing === undefined ? {} : { checkSealed: sealing.check }),
  };
  const streams = await serveStreams(commands, "audit", {
    Fsck: fsckEverything(parts),
    RebuildProjection: rebuildProjections(parts, PROJECTIONS),
    GetReport: getReport({ log, clock }),
    Export: exportEvidence({ log, sealing, witnessKeys: witnessKeysOf(config), commands, clock }),
  });
  const reached = async (position: number): Promise<void> => {
    await Promise.all(consumers.map((consumer) => consumer.reached(position)));
  };
  const past = { log, database: kysely, reached };
  const operations = operationsLog(log, clock);
  const positionOf = (tenant: string, eventId: string) => positionOfEvent(kysely, log.ledger, tenant, eventId);
  const handlers: Readonly<Record<string, CommandHandler>> = {
    ListActions: listActions(past),
    ListReviews: listReviews(past),
    GetTimeline: getTimeline(log),
    ReadEvents: readEvents(log),
    ListDeadLetters: listTenantDeadLetters(kysely),
    GetDeadLetter: getTenantDeadLetter(kysely, log),
    ReplayDeadLetters: replayTenantDeadLetters(kysely, operations),
    DiscardDeadLetter: discardTenantDeadLetter(kysely, log.ledger, operations),
    ...streams.handlers,
    ...sealingHandlers({ sealing, log, clock, positionOf }),
  };
  const served = await commands.serve("audit", handlers);
  return {
    sealing,
    reached,
    close: async () => {
      closing.abort();
      await streams.close();
      await served.close();
      await sealing?.close();
      await Promise.all([...consumers, alarmConsumer].map((consumer) => consumer.close()));
      alarms.close();
    },
  };
}

function witnessKeysOf({ sealing }: AuditConfig) {
  return (sealing?.witnesses?.witnesses ?? []).map(({ key }) => key);
}
