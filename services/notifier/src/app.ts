import { createHash } from "node:crypto";
import type { CommandBus, EventFeed } from "@countersign/bus";
import type { Database } from "@countersign/database";
import type { EventReader } from "@countersign/event-log";
import type { Logger } from "@countersign/telemetry";
import { actionReader } from "./adapters/approval/action-reader.ts";
import { startDeliveryConsumer } from "./adapters/delivery-consumer.ts";
import { postgresDeliveryStore } from "./adapters/postgres/delivery-store.ts";
import { processLock, type ProcessLock } from "./adapters/postgres/process-lock.ts";
import { registerChannels } from "./adapters/postgres/plan-store.ts";
import { terminalChannel } from "./adapters/terminal/terminal-channel.ts";
import { webhookChannel } from "./adapters/webhook/webhook-channel.ts";
import type { ChannelConfig, NotifierConfig } from "./config.ts";
import type { Channel } from "./usecases/channel.ts";
import { STANDARD_RETRY_DELAYS } from "./domain/retry-schedule.ts";
import { DeliveryWorker, USUAL_TUNING, type WorkerTuning } from "./usecases/delivery-worker.ts";

export type NotifierDeps = {
  readonly config: NotifierConfig;
  readonly log: EventReader & { readonly ledger: string };
  readonly commands: CommandBus;
  readonly feed: EventFeed;
  readonly database: Database;
  readonly logger: Logger;
  readonly clock?: () => Date;
  /** Channels of one's own, beside the configured ones. */
  readonly channels?: readonly Channel[];
  readonly tuning?: Partial<WorkerTuning>;
  /** Waits after failed attempts; default: the schedule of Standard Webhooks. */
  readonly retryDelays?: readonly number[];
};

/** Starts the consumer that plans deliveries and one worker for each channel. Any number of instances may run on one database. */
export async function startNotifier(deps: NotifierDeps): Promise<{ close(): Promise<void> }> {
  const channels = [...deps.config.channels.map((config) => toChannel(config, deps)), ...(deps.channels ?? [])];
  refuseTwins(channels);
  if (channels.length === 0) {
    deps.logger.info({}, "no channels are configured: nobody is notified");
    return { close: async () => {} };
  }
  const database = deps.database.kysely<unknown>();
  await registerChannels(database, deps.log.ledger, channels, await deps.log.nextPosition());
  const owner = processLock(database);
  const workers = channels.map((channel) => startWorker(channel, deps, owner));
  const wakeAll = (): void => workers.forEach((worker) => worker.wake());
  const consumer = await startDeliveryConsumer({ log: deps.log, feed: deps.feed, database, logger: deps.logger }, channels, wakeAll);
  return {
    close: async () => {
      await consumer.close();
      await Promise.all(workers.map((worker) => worker.close()));
      await owner.release();
    },
  };
}

function startWorker(channel: Channel, deps: NotifierDeps, owner: ProcessLock): DeliveryWorker {
  const tuning = { ...USUAL_TUNING, ...deps.tuning };
  const { limits = [], retryDelays = STANDARD_RETRY_DELAYS } = channel;
  return new DeliveryWorker({
    channel,
    store: postgresDeliveryStore(deps.database.kysely<unknown>(), {
      ledger: deps.log.ledger,
      channel: channel.name,
      owner,
      limits,
      breaker: tuning.breaker,
    }),
    readAction: actionReader(deps.commands),
    sha256: (text) => createHash("sha256").update(text).digest("hex"),
    random: Math.random,
    retryDelays: deps.retryDelays ?? retryDelays,
    logger: deps.logger,
    tuning,
  });
}

function toChannel(config: ChannelConfig, deps: NotifierDeps): Channel {
  switch (config.kind) {
    case "terminal":
      return terminalChannel({ ...config, output: process[config.output] });
    case "webhook":
      return webhookChannel({ ...config, rules: { allowedHosts: deps.config.allowedHosts }, clock: deps.clock ?? (() => new Date()) });
  }
}

function refuseTwins(channels: readonly Channel[]): void {
  const names = new Set(channels.map(({ name }) => name));
  if (names.size !== channels.length) throw new Error("two channels have the same name");
}
