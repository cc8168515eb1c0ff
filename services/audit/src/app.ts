import { startConsumer, type CommandBus, type CommandHandler, type EventFeed } from "@countersign/bus";
import type { Database } from "@countersign/database";
import { scanLedger, type EventLog } from "@countersign/event-log";
import type { Logger } from "@countersign/telemetry";
import { listTenantDeadLetters, replayTenantDeadLetters } from "./adapters/commands/dead-letters.ts";
import { rebuildProjections, verifyWholeLedger } from "./adapters/commands/ledger.ts";
import { listActions, listReviews } from "./adapters/commands/lists.ts";
import { readEvents } from "./adapters/commands/read-events.ts";
import { getTimeline } from "./adapters/commands/timeline.ts";
import { toFact } from "./adapters/events/to-fact.ts";
import { busCheckpoints } from "./adapters/postgres/checkpoints.ts";
import { postgresLedgerRows } from "./adapters/postgres/ledger-rows.ts";
import type { AuditConfig } from "./config.ts";
import { actionsProjection } from "./projections/actions/index.ts";
import type { Projection } from "./projections/projection.ts";

export type AuditDeps = {
  readonly config: AuditConfig;
  readonly log: EventLog;
  readonly commands: CommandBus;
  readonly feed: EventFeed;
  /** The database that holds the ledger, too. */
  readonly database: Database;
  readonly logger: Logger;
};

export type RunningAudit = {
  /** Resolves once every projection has taken in the events before `position`. */
  reached(position: number): Promise<void>;
  close(): Promise<void>;
};

const PROJECTIONS: readonly Projection[] = [actionsProjection(toFact)];

/** Keeps the projections and serves `audit`. Any number of instances may run: all answer, one of them folds. */
export async function startAudit({ config, log, commands, feed, database, logger }: AuditDeps): Promise<RunningAudit> {
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
  const scan = (range: { readonly from: number; readonly to: number }) => scanLedger(database, log.ledger, range);
  const parts = { scan, database: kysely, checkpoints: busCheckpoints(log.ledger), logger };
  const handlers: Readonly<Record<string, CommandHandler>> = {
    ListActions: listActions(kysely),
    ListReviews: listReviews(kysely),
    GetTimeline: getTimeline(log),
    ReadEvents: readEvents(log),
    VerifyLedger: verifyWholeLedger(postgresLedgerRows(kysely, log.ledger), parts, PROJECTIONS),
    RebuildProjection: rebuildProjections(parts, PROJECTIONS),
    ListDeadLetters: listTenantDeadLetters(kysely),
    ReplayDeadLetters: replayTenantDeadLetters(kysely),
  };
  const served = await commands.serve("audit", handlers);
  return {
    reached: async (position) => {
      await Promise.all(consumers.map((consumer) => consumer.reached(position)));
    },
    close: async () => {
      await served.close();
      await Promise.all(consumers.map((consumer) => consumer.close()));
    },
  };
}
