import { publishWakeups, startRelay } from "@countersign/bus";
import { CALL_WAIT_MS, openDatabase, serviceRole, type Database } from "@countersign/database";
import { createPostgresEventLog, observedEventLog, watchCorruption, type AppendKeys, type EventLog } from "@countersign/event-log";
import type { Logger } from "@countersign/telemetry";
import { connectBus, type BusOptions, type BusRuntime, type ConnectedBus } from "./bus-runtime.ts";
import { checkAppendKeys } from "./check-append-keys.ts";
import type { RuntimeConfig } from "./config.ts";
import { countEvents } from "./count-events.ts";
import { observePool } from "./pool-gauges.ts";
import { standOnPostgres } from "./stand-on.ts";
import { checkDatabase } from "./unreachable.ts";

/** What a service stands on: the bus, the log and its tables. */
export type Runtime = BusRuntime & {
  readonly log: EventLog;
  /** Those of the log, for whoever reads it in another way. */
  readonly appendKeys: AppendKeys;
  readonly database: Database;
};

export type ConnectedRuntime = Runtime & Pick<ConnectedBus, "nats" | "close">;

export type RuntimeOptions = BusOptions & {
  /** Also copies the ledger to JetStream. For processes that append, so that it is fed from memory; a lease lets one of all instances work. */
  readonly relay: boolean;
};

/**
 * Connects to Postgres and NATS. A service in a process of its own takes on its own role there, which may append to its own streams only; all
 * of them in one process share one connection that appends, and its role.
 * @param name the service's, or another one for all of them.
 * @throws UnreachableError when either cannot be reached, or the append keys are not the ledger's: a service that cannot work must not look as if it could.
 */
export async function connectRuntime(
  name: string,
  config: RuntimeConfig,
  logger: Logger,
  options: RuntimeOptions,
): Promise<ConnectedRuntime> {
  const { databaseUrl: url, natsPrefix: prefix, ledger, appendKeys } = config;
  const role = serviceRole(name);
  await checkDatabase(url, role);
  await checkAppendKeys(config, role, logger);
  const bus = await connectBus(name, config, logger, options);
  const { nats, feed, readiness } = bus;
  const database = openDatabase({ url, role, waitMs: CALL_WAIT_MS });
  const watched = watchCorruption(observedEventLog(createPostgresEventLog({ url, role, ledger, keys: appendKeys, logger })));
  const { log } = watched;
  const endings = [watched.end, countEvents(log), observePool(name, database), standOnPostgres(readiness, database)];
  const relay = options.relay
    ? startRelay({
        log,
        connection: nats,
        prefix,
        database: database.kysely<unknown>(),
        logger,
        programs: config.notifierPrograms,
        limits: { replicas: config.streamReplicas, maxAgeMs: config.streamMaxAge, maxBytes: config.streamMaxBytes ?? -1 },
        onPublished: (event) => feed.hear(event),
      })
    : undefined;
  // Whoever relays its own events need not wake itself.
  const stopWakeups = publishWakeups(log, nats, prefix, () => relay?.active() ?? false);
  return {
    ...bus,
    log,
    appendKeys,
    database,
    close: async () => {
      for (const end of endings) end();
      stopWakeups();
      await relay?.close();
      await log.close();
      await database.close();
      await bus.close();
    },
  };
}
