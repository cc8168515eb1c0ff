import { inProcessCommands } from "@countersign/bus";
import { openDatabase } from "@countersign/database";
import { createDirectoryClient } from "@countersign/directory-client";
import { sha256Hex } from "@countersign/review-view";
import { silentLogger as logger } from "@countersign/telemetry";
import { Background } from "../adapters/background.ts";
import type { ChatAppDeps, ChatChannelConfig } from "../adapters/chat-app.ts";
import { postgresDeliveryStore } from "../adapters/postgres/delivery-store.ts";
import { processLock } from "../adapters/postgres/process-lock.ts";
import { slackApp } from "../adapters/slack/slack-app.ts";
import { teamsApp } from "../adapters/teams/teams-app.ts";
import { parseChannels } from "../config.ts";
import type { ReadAction } from "../usecases/attempt-delivery.ts";
import { DeliveryWorker, USUAL_TUNING } from "../usecases/delivery-worker.ts";
import { sampleReview } from "./sample-review.ts";

// A notifier that a test kills: the workers of every channel, on actions that the test keeps in a table.
const { url, channels } = JSON.parse(process.argv[2] ?? "{}") as { readonly url: string; readonly channels: string };
const config = parseChannels(channels, { host: "127.0.0.1", port: 0 });
const database = openDatabase({ url, role: null });
const kysely = database.kysely<unknown>();
const commands = inProcessCommands({ logger });
const clock = (): Date => new Date();
const owner = processLock(kysely);

const readAction: ReadAction = async (tenant, id) => {
  const { rows } = await database.pool.query<{ version: number; status: "in review" | "approved" }>(
    "select version, status from public.chaos_action where id = $1",
    [id],
  );
  return { ...sampleReview, tenant, id, version: rows[0]?.version ?? 0, status: rows[0]?.status ?? "unknown" };
};
const deps: ChatAppDeps = {
  ports: {
    offerLink: async () => undefined,
    submitVote: async () => ({ outcome: "unknown" }),
    discuss: async () => ({ outcome: "unknown" }),
    refresh: async () => {},
  },
  readAction: ({ tenant, actionId }) => readAction(tenant, actionId, ""),
  directory: createDirectoryClient({ commands, asker: "chaos", config: config.directory }),
  isFirstTime: async () => true,
  background: new Background(logger),
  clock,
  logger,
};
const apps = config.apps.map((app) => {
  const own = config.channels.filter((channel): channel is ChatChannelConfig => "app" in channel && channel.app === app.name);
  return app.kind === "slack"
    ? slackApp(
        app,
        own.filter((channel) => channel.kind === "slack"),
        deps,
      )
    : teamsApp(
        app,
        own.filter((channel) => channel.kind === "teams"),
        deps,
      );
});
for (const channel of apps.flatMap((app) => app.channels)) {
  const breaker = { failures: 20, firstPauseMs: 200, longestPauseMs: 500 };
  void new DeliveryWorker({
    channel,
    store: postgresDeliveryStore(kysely, { ledger: "main", channel: channel.name, owner, limits: channel.limits ?? [], breaker }),
    readAction,
    sha256: sha256Hex,
    random: Math.random,
    retryDelays: [300, 400, 500, 600, 700, 800, 900, 1000],
    logger,
    tuning: { ...USUAL_TUNING, pollMs: 50, breaker },
  });
}
