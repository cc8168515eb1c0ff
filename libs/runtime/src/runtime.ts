import {
  inProcessCommands,
  natsCommands,
  natsFeed,
  observedCommands,
  publishWakeups,
  startRelay,
  watchBus,
  type CommandBus,
  type EventFeed,
  jetStreamCopy,
  type LedgerCopy,
  type ListNotifierPrograms,
  notifierPrograms,
} from "@countersign/bus";
import { CALL_WAIT_MS, openDatabase, serviceRole, type Database } from "@countersign/database";
import { createPostgresEventLog, observedEventLog, type AppendKeys, type EventLog } from "@countersign/event-log";
import { Readiness, type Logger } from "@countersign/telemetry";
import type { RuntimeConfig } from "./config.ts";
import { checkAppendKeys } from "./check-append-keys.ts";
import { countEvents } from "./count-events.ts";
import { observePool } from "./pool-gauges.ts";
import { standOn } from "./stand-on.ts";
import { checkDatabase, reachNats } from "./unreachable.ts";

/** What a service stands on: the log, the two ways of the bus, its tables, a log of its own and the time. */
export type Runtime = {
  readonly log: EventLog;
  /** Those of the log, for whoever reads it in another way. */
  readonly appendKeys: AppendKeys;
  readonly commands: CommandBus;
  readonly feed: EventFeed;
  readonly database: Database;
  readonly logger: Logger;
  readonly clock: () => Date;
  /** What JetStream holds of the ledger, for whoever compares the two. */
  readonly copy?: LedgerCopy;
  /** Notifiers that are programs of their own. */
  readonly programs?: ListNotifierPrograms;
  /** Whether this process can do its work; services add what they stand on themselves. */
  readonly readiness?: Readiness;
};

export type ConnectedRuntime = Runtime & {
  readonly nats: Awaited<ReturnType<typeof reachNats>>;
  close(): Promise<void>;
};

export type RuntimeOptions = {
  /** `in-process`: for services that are modules of one process. Events go over JetStream all the same. */
  readonly commands: "nats" | "in-process";
  /** Also copies the ledger to JetStream. For processes that append, so that it is fed from memory; a lease lets one of all instances work. */
  readonly relay: boolean;
  /** The process's own, where somebody serves it; default: one that nobody asks. */
  readonly readiness?: Readiness;
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
  const role = serviceRole(name);
  await checkDatabase(config.databaseUrl, role);
  await checkAppendKeys(config, role, logger);
  const nats = await reachNats(config.natsUrl, name);
  const database = openDatabase({ url: config.databaseUrl, role, waitMs: CALL_WAIT_MS });
  const { ledger, appendKeys } = config;
  const log = observedEventLog(createPostgresEventLog({ url: config.databaseUrl, role, ledger, keys: appendKeys, logger }));
  const readiness = options.readiness ?? new Readiness();
  const bus = watchBus(nats, logger);
  const endings = [bus.end, countEvents(log), observePool(name, database), standOn(readiness, database, nats, bus)];
  const feed = natsFeed(nats, { prefix: config.natsPrefix, ledger: config.ledger, logger });
  const relay = options.relay
    ? startRelay({
        log,
        connection: nats,
        prefix: config.natsPrefix,
        database: database.kysely<unknown>(),
        logger,
        programs: config.notifierPrograms,
        limits: { replicas: config.streamReplicas, maxAgeMs: config.streamMaxAge, maxBytes: config.streamMaxBytes ?? -1 },
        onPublished: (event) => feed.hear(event),
      })
    : undefined;
  // Whoever relays its own events need not wake itself.
  const stopWakeups = publishWakeups(log, nats, config.natsPrefix, () => relay?.active() ?? false);
  return {
    log,
    appendKeys,
    nats,
    commands:
      options.commands === "nats"
        ? observedCommands(natsCommands(nats, { prefix: config.natsPrefix, logger }), "nats")
        : observedCommands(inProcessCommands({ logger }), "in_process"),
    feed,
    database,
    logger,
    copy: jetStreamCopy(nats, { prefix: config.natsPrefix, ledger: config.ledger }),
    programs: notifierPrograms(nats, { prefix: config.natsPrefix, ledger: config.ledger }),
    readiness,
    clock: () => new Date(),
    close: async () => {
      for (const end of endings) end();
      stopWakeups();
      await relay?.close();
      await log.close();
      await database.close();
      await nats.drain();
    },
  };
}
