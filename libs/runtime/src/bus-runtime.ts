import {
  inProcessCommands,
  jetStreamCopy,
  natsCommands,
  natsFeed,
  notifierPrograms,
  observedCommands,
  watchBus,
  type CommandBus,
  type EventFeed,
  type LedgerCopy,
  type ListNotifierPrograms,
} from "@countersign/bus";
import { Readiness, type Logger } from "@countersign/telemetry";
import type { BusConfig } from "./config.ts";
import { standOnNats } from "./stand-on.ts";
import { reachNats } from "./unreachable.ts";

/** What a service stands on that keeps nothing and reads no log: the two ways of the bus, a log of its own and the time. */
export type BusRuntime = {
  readonly commands: CommandBus;
  readonly feed: EventFeed;
  readonly logger: Logger;
  readonly clock: () => Date;
  /** What JetStream holds of the ledger, for whoever compares the two. */
  readonly copy?: LedgerCopy;
  /** Notifiers that are programs of their own. */
  readonly programs?: ListNotifierPrograms;
  /** Whether this process can do its work; services add what they stand on themselves. */
  readonly readiness?: Readiness;
};

export type BusOptions = {
  /** `in-process`: for services that are modules of one process. Events go over JetStream all the same. */
  readonly commands: "nats" | "in-process";
  /** The process's own, where somebody serves it; default: one that nobody asks. */
  readonly readiness?: Readiness;
};

export type ConnectedBus = Awaited<ReturnType<typeof connectBus>>;

/**
 * Connects to NATS and to nothing else: a service that faces the network has neither a way to Postgres nor the append key.
 * @throws UnreachableError when it cannot be reached: a service that cannot work must not look as if it could.
 */
export async function connectBus(name: string, { natsUrl, natsPrefix: prefix, ledger }: BusConfig, logger: Logger, options: BusOptions) {
  const nats = await reachNats(natsUrl, name);
  const readiness = options.readiness ?? new Readiness();
  const bus = watchBus(nats, logger);
  const stopChecking = standOnNats(readiness, nats, bus);
  return {
    nats,
    commands:
      options.commands === "nats"
        ? observedCommands(natsCommands(nats, { prefix, logger }), "nats")
        : observedCommands(inProcessCommands({ logger }), "in_process"),
    feed: natsFeed(nats, { prefix, ledger, logger }),
    logger,
    copy: jetStreamCopy(nats, { prefix, ledger }),
    programs: notifierPrograms(nats, { prefix, ledger }),
    readiness,
    clock: () => new Date(),
    close: async () => {
      bus.end();
      stopChecking();
      // Without a server nobody takes what is left to send.
      await nats.drain().catch(() => nats.close());
    },
  };
}
