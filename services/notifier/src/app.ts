import type { CommandBus, EventFeed, ListNotifierPrograms } from "@countersign/bus";
import type { Database } from "@countersign/database";
import { createDirectoryClient } from "@countersign/directory-client";
import type { EventReader } from "@countersign/event-log";
import { sha256Hex } from "@countersign/review-view";
import type { Logger, Readiness } from "@countersign/telemetry";
import { actionReader } from "./adapters/approval/action-reader.ts";
import { voteFromChat, wordFromChat } from "./adapters/approval/vote-sender.ts";
import { Background } from "./adapters/background.ts";
import type { ChatApp, ChatAppDeps } from "./adapters/chat-app.ts";
import { startDeliveryConsumer } from "./adapters/delivery-consumer.ts";
import { linkOfferer } from "./adapters/directory/link-offerer.ts";
import { listen } from "./adapters/http/listener.ts";
import { postgresDeliveryStore } from "./adapters/postgres/delivery-store.ts";
import { isFirstTime, pruneDeliveries } from "./adapters/postgres/housekeeping.ts";
import { notifierHandlers } from "./adapters/notifier-handlers.ts";
import { pagerDutyChannel } from "./adapters/pagerduty/pagerduty-channel.ts";
import { reviewLinks } from "./adapters/page/review-links.ts";
import { registerChannels } from "./adapters/postgres/plan-store.ts";
import { observeDeliveries } from "./adapters/postgres/delivery-gauges.ts";
import { processLock, type ProcessLock } from "./adapters/postgres/process-lock.ts";
import { teamsApp } from "./adapters/teams/teams-app.ts";
import { workflowsChannel } from "./adapters/teams/workflows-channel.ts";
import { terminalChannel } from "./adapters/terminal/terminal-channel.ts";
import { webhookChannel } from "./adapters/webhook/webhook-channel.ts";
import type { ChannelConfig } from "./channels-file.ts";
import type { NotifierConfig } from "./config.ts";
import type { MailApp, MailDeps } from "./mail.ts";
import { pageApp } from "./page.ts";
import { STANDARD_RETRY_DELAYS } from "./domain/retry-schedule.ts";
import type { AnswerPorts } from "./usecases/answer.ts";
import type { Channel } from "./usecases/channel.ts";
import type { DeliveryStore } from "./usecases/delivery-store.ts";
import { DeliveryWorker, USUAL_TUNING, type WorkerTuning } from "./usecases/delivery-worker.ts";

export type NotifierDeps = {
  readonly config: NotifierConfig;
  readonly log: EventReader & { readonly ledger: string };
  readonly commands: CommandBus;
  readonly feed: EventFeed;
  readonly database: Database;
  readonly logger: Logger;
  readonly readiness?: Readiness;
  /** Notifiers that are programs of their own. */
  readonly programs?: ListNotifierPrograms;
  /** Channels of one's own, beside the configured ones. */
  readonly channels?: readonly Channel[];
  readonly tuning?: Partial<WorkerTuning>;
  /** Waits after failed attempts; default: the schedule of Standard Webhooks. */
  readonly retryDelays?: readonly number[];
};

/** Ended deliveries are looked for this often. */
const PRUNE_MS = 600_000;
/** Collected reviews are looked for this often. */
const FLUSH_MS = 15_000;

/** A running notifier; `port` is where chat services post to. */
export type RunningNotifier = { readonly port: number | undefined; close(): Promise<void> };

/** Starts the consumer that plans deliveries, one worker for each channel, and what takes answers in. Any number of instances may run on one database. */
export async function startNotifier(deps: NotifierDeps): Promise<RunningNotifier> {
  const background = new Background(deps.logger);
  const workers = new Map<string, RunningChannel>();
  const parts = sharedParts(deps);
  const mails = await mailApps(deps.config.channels, parts);
  const apps = await chatApps(deps, parts, background, async ({ channel, tenant, actionId }) => {
    await workers.get(channel)?.store.refresh(tenant, actionId);
    workers.get(channel)?.worker.wake();
  });
  const channels = [
    ...deps.config.channels.flatMap((config) => toChannel(config, deps, parts)),
    ...mails.map(({ channel }) => channel),
    ...apps.flatMap((app) => app.channels),
    ...(deps.channels ?? []),
  ];
  refuseTwins(channels);
  const served = await deps.commands.serve(
    "notifier",
    operatorHandlers(deps, channels, (name) => workers.get(name)?.worker.wake()),
  );
  if (channels.length === 0) {
    deps.logger.info({}, "no channels are configured: nobody is notified");
    if (deps.config.page !== undefined) deps.logger.warn({}, "the page is not served: there is no channel that would send its links");
    return { port: undefined, close: () => served.close() };
  }
  const database = deps.database.kysely<unknown>();
  await registerChannels(database, deps.log.ledger, channels, await deps.log.nextPosition());
  const owner = processLock(database);
  const stopObserving = observeDeliveries(database, deps.log.ledger);
  for (const channel of channels) workers.set(channel.name, startWorker(channel, deps, owner));
  const wakeAll = (): void => workers.forEach(({ worker }) => worker.wake());
  const consumer = await startDeliveryConsumer(
    { log: deps.log, feed: deps.feed, database, logger: deps.logger, readiness: deps.readiness },
    channels,
    wakeAll,
  );
  const page =
    deps.config.page === undefined || parts.links === undefined ? [] : pageApp(deps.config.page, { ...parts, links: parts.links });
  const routes = new Map([...apps.flatMap((app) => [...app.routes]), ...page]);
  const listener =
    deps.config.listen === undefined || routes.size === 0 ? undefined : await listen(deps.config.listen, routes, deps.logger);
  const sockets = apps.flatMap((app) => app.start?.() ?? []);
  const pruning = setInterval(() => background.run(() => prune(deps)), PRUNE_MS);
  const flushing = setInterval(() => mails.forEach(({ flush }) => flush && background.run(async () => void (await flush()))), FLUSH_MS);
  return {
    port: listener?.port,
    close: async () => {
      stopObserving();
      clearInterval(pruning);
      clearInterval(flushing);
      await served.close();
      await Promise.all([listener?.close(), ...sockets.map((socket) => socket.close())]);
      await background.settled();
      await consumer.close();
      await Promise.all([...workers.values()].map(({ worker }) => worker.close()));
      for (const mail of mails) mail.close();
      await owner.release();
    },
  };
}

function operatorHandlers({ database, log, programs }: NotifierDeps, channels: readonly Channel[], wake: (channel: string) => void) {
  return notifierHandlers({
    database: database.kysely<unknown>(),
    ledger: log.ledger,
    channels,
    programs: programs ?? (async () => []),
    wake,
  });
}

/** What several kinds of channel stand on. */
function sharedParts(deps: NotifierDeps) {
  const { config, commands, logger, database } = deps;
  const clock = () => new Date();
  const directory = createDirectoryClient({ commands, asker: "notifier", config: config.directory });
  const links = config.page === undefined ? undefined : reviewLinks(config.page.url, config.page.secret, clock);
  return { ledger: deps.log.ledger, commands, database, directory, links, readAction: actionReader(commands), clock, logger };
}

/** What speaks SMTP, and Slack's SDK, are loaded where they are used: 8 MB of every process otherwise. */
async function mailApps(channels: readonly ChannelConfig[], parts: MailDeps): Promise<readonly MailApp[]> {
  const mails = channels.filter((config) => config.kind === "email");
  if (mails.length === 0) return [];
  const { mailApp } = await import("./mail.ts");
  return mails.map((config) => mailApp(config, parts));
}

async function chatApps(
  deps: NotifierDeps,
  { commands, directory, readAction: read, links, clock, logger }: ReturnType<typeof sharedParts>,
  background: Background,
  refresh: AnswerPorts["refresh"],
): Promise<readonly ChatApp[]> {
  const { config } = deps;
  const database = deps.database.kysely<unknown>();
  const parts: ChatAppDeps = {
    ports: {
      offerLink: linkOfferer(commands, logger),
      submitVote: voteFromChat(commands),
      discuss: wordFromChat(commands),
      refresh,
    },
    readAction: ({ tenant, actionId }) => read(tenant, actionId, ""),
    directory,
    isFirstTime: (app, id) => isFirstTime(database, app, id),
    background,
    clock,
    logger,
    links,
  };
  return Promise.all(
    config.apps.map(async (app) => {
      const channels = config.channels.filter((channel) => "app" in channel && channel.app === app.name);
      return app.kind === "slack"
        ? (await import("./adapters/slack/slack-app.ts")).slackApp(
            app,
            channels.filter((channel) => channel.kind === "slack"),
            parts,
          )
        : teamsApp(
            app,
            channels.filter((channel) => channel.kind === "teams"),
            parts,
          );
    }),
  );
}

async function prune({ database, config, logger }: NotifierDeps): Promise<void> {
  const forgotten = await pruneDeliveries(database.kysely<unknown>(), config.retentionDays);
  if (forgotten > 0) logger.info({ forgotten }, "old deliveries were forgotten");
}

type RunningChannel = { readonly worker: DeliveryWorker; readonly store: DeliveryStore };

function startWorker(channel: Channel, deps: NotifierDeps, owner: ProcessLock): RunningChannel {
  const tuning = { ...USUAL_TUNING, ...deps.tuning };
  const { limits = [], retryDelays = STANDARD_RETRY_DELAYS } = channel;
  const store = postgresDeliveryStore(deps.database.kysely<unknown>(), {
    ledger: deps.log.ledger,
    channel: channel.name,
    owner,
    limits,
    breaker: tuning.breaker,
  });
  const worker = new DeliveryWorker({
    channel,
    store,
    readAction: actionReader(deps.commands),
    sha256: sha256Hex,
    random: Math.random,
    retryDelays: deps.retryDelays ?? retryDelays,
    logger: deps.logger,
    tuning,
  });
  return { worker, store };
}

/** Channels of chat apps and of mail come with their app. */
function toChannel(config: ChannelConfig, deps: NotifierDeps, { links, clock }: ReturnType<typeof sharedParts>): Channel[] {
  const rules = { allowedHosts: deps.config.allowedHosts };
  switch (config.kind) {
    case "terminal":
      return [terminalChannel({ ...config, output: process[config.output] })];
    case "webhook":
      return [webhookChannel({ ...config, rules, clock })];
    case "teams-workflow":
      return [workflowsChannel({ ...config, rules, clock })];
    case "pagerduty":
      return [pagerDutyChannel({ ...config, routingKey: config.routing_key, urgentFrom: config.urgent_from, rules, links, clock })];
    case "email":
    case "slack":
    case "teams":
      return [];
  }
}

function refuseTwins(channels: readonly Channel[]): void {
  const names = new Set(channels.map(({ name }) => name));
  if (names.size !== channels.length) throw new Error("two channels have the same name");
}
