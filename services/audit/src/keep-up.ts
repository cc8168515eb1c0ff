import { startConsumer, type EventFeed } from "@countersign/bus";
import type { Database } from "@countersign/database";
import type { EventLog } from "@countersign/event-log";
import type { Logger, Readiness } from "@countersign/telemetry";
import { toReportEvent } from "./adapters/events/to-report-event.ts";
import type { AuditConfig } from "./config.ts";
import type { Projection } from "./projections/projection.ts";
import { watchAlarms, WATCHED } from "./report/watch-alarms.ts";

/** Nobody waits for an alarm as for a list; a second of events is handled at once. */
const ALARM_LINGER_MS = 1000;

/** The readers of the log that this service keeps running. */
export type KeptUp = {
  /** Resolves once every projection has taken in the events before `position`. */
  reached(position: number): Promise<void>;
  close(): Promise<void>;
};

type Deps = {
  readonly config: AuditConfig;
  readonly log: EventLog;
  readonly feed: EventFeed;
  readonly database: Database;
  readonly logger: Logger;
  readonly readiness?: Readiness;
};

/** Folds the log into every projection and watches it for alarms. */
export async function keepUp(
  projections: readonly Projection[],
  { config, log, feed, database, logger, readiness }: Deps,
): Promise<KeptUp> {
  const deps = { log, feed, database: database.kysely<unknown>(), logger, readiness };
  const consumers = await Promise.all(
    projections.map((projection) =>
      startConsumer<unknown>(
        {
          name: projection.name,
          lingerMs: config.projectionLinger,
          handle: async (events, transaction) => {
            const [refused] = await projection.project(events, transaction, projection.view);
            if (refused !== undefined) throw refused.error;
          },
        },
        deps,
      ),
    ),
  );
  const alarms = watchAlarms(log, toReportEvent, logger);
  const alarmConsumer = await startConsumer<unknown>(
    { name: "audit.alarms", types: WATCHED, lingerMs: ALARM_LINGER_MS, begin: alarms.begin, handle: (events) => alarms.watch(events) },
    deps,
  );
  return {
    reached: async (position) => {
      await Promise.all(consumers.map((consumer) => consumer.reached(position)));
    },
    close: async () => {
      await Promise.all([...consumers, alarmConsumer].map((consumer) => consumer.close()));
      alarms.close();
    },
  };
}
