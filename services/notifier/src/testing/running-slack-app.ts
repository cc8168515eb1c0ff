import { inProcessCommands } from "@countersign/bus";
import { createDirectoryClient } from "@countersign/directory-client";
import type { ReviewSource } from "@countersign/review-view";
import { silentLogger } from "@countersign/telemetry";
import { Background } from "../adapters/background.ts";
import type { ChatChannelConfig } from "../adapters/chat-app.ts";
import { listen } from "../adapters/http/listener.ts";
import { slackApp } from "../adapters/slack/slack-app.ts";
import type { SlackAppConfig } from "../channels-file.ts";
import { parseChannels } from "../config.ts";
import type { Account, AnswerPorts, Decision, ShownCard, VoteReply } from "../usecases/answer.ts";
import type { Channel, Delivery } from "../usecases/channel.ts";
import { FakeSlack, type FakeMessage } from "./index.ts";
import { sampleDelivery, sampleReview } from "./sample-review.ts";

/** The one user whom the directory knows. */
export const ada = { id: "U0ADA", team: "T0TEAM" };

type Vote = { readonly account: Account; readonly card: ShownCard; readonly decision: Decision };

/**
 * An app on a fake Slack, with an approval and a directory that the test plays.
 *
 * @param closers - takes what the test closes in the end, last first.
 */
export async function startSlackApp(closers: (() => Promise<void>)[], mode: "http" | "socket" = "http", slack = new FakeSlack()) {
  await slack.start();
  closers.push(() => slack.close());
  const how = mode === "http" ? { signing_secret: slack.signingSecret } : { app_token: slack.appToken };
  const config = parseChannels(
    JSON.stringify({
      apps: [
        {
          name: "acme-slack",
          kind: "slack",
          bot_token: slack.botToken,
          api_url: slack.apiUrl,
          review_url: "https://cs.example/{tenant}/{action}",
          link_help: "Run: countersign link.",
          ...how,
        },
      ],
      channels: [{ name: "dpo", kind: "slack", app: "acme-slack", conversation: "C0DPO", tenants: ["acme"] }],
    }),
    { host: "127.0.0.1", port: 0 },
  );
  const world = {
    votes: [] as Vote[],
    words: [] as unknown[],
    refreshed: [] as ShownCard[],
    reply: { outcome: "recorded" } as VoteReply | Promise<VoteReply>,
    action: sampleReview,
    seen: new Set<string>(),
  };
  const ports: AnswerPorts = {
    offerLink: async () => "K7Q2",
    submitVote: async (account, card, decision) => {
      if (card.tenant !== "acme" || account.workspace !== ada.team || account.id !== ada.id)
        return { outcome: "refused", reason: "NOT_IN_DIRECTORY" };
      world.votes.push({ account, card, decision });
      return world.reply;
    },
    discuss: async (account, shown, word) => {
      world.words.push([account.id, shown, word]);
      return world.reply;
    },
    refresh: async (card) => void world.refreshed.push(card),
  };
  const background = new Background(silentLogger);
  const app = slackApp(config.apps[0] as SlackAppConfig, config.channels as (ChatChannelConfig & { kind: "slack" })[], {
    ports,
    readAction: async () => world.action,
    directory: createDirectoryClient({
      commands: inProcessCommands({ logger: silentLogger }),
      asker: "test",
      config: { managedTenants: [], withoutDirectory: true, timeoutMs: 50 },
    }),
    isFirstTime: async (_app, id) => !world.seen.has(id) && world.seen.add(id) !== undefined,
    background,
    clock: () => new Date(),
    logger: silentLogger,
  });
  const listener = await listen({ host: "127.0.0.1", port: 0 }, app.routes, silentLogger);
  closers.push(() => listener.close());
  slack.requestUrl = `http://127.0.0.1:${listener.port}/slack/acme-slack/interactions`;
  const socket = app.start?.();
  if (socket !== undefined) {
    closers.push(() => socket.close());
    while (slack.connections === 0) await new Promise((resolve) => setTimeout(resolve, 5));
  }
  const [channel] = app.channels as readonly [Channel];
  const show = (change: Partial<Delivery> = {}, source: ReviewSource = world.action) =>
    channel.deliver(sampleDelivery(source, { plannedAt: new Date(), ...change }), AbortSignal.timeout(20_000));
  return { slack, world, channel, show, background, message: () => slack.messages[0] as FakeMessage };
}
