import type { SlackAppConfig } from "../../channels-file.ts";
import { cardSeal } from "../card-seal.ts";
import {
  cardOf,
  conversationOfCard,
  limitsOf,
  reviewUrl,
  sealerOf,
  type ChatApp,
  type ChatAppDeps,
  type ChatChannelConfig,
} from "../chat-app.ts";
import type { SlackInteraction } from "./interaction.ts";
import { takeInteraction, type Taken } from "./slack-answers.ts";
import { slackClient } from "./slack-api.ts";
import { slackChannel } from "./slack-channel.ts";
import { slackRequest } from "./slack-requests.ts";
import { startSocket } from "./socket.ts";

/** An app in one workspace of Slack, with the conversations it posts to. */
export function slackApp(
  app: SlackAppConfig,
  configs: readonly (ChatChannelConfig & { readonly kind: "slack" })[],
  deps: ChatAppDeps,
): ChatApp {
  const { signing_secret: signingSecret, app_token: appToken, api_url: apiUrl, link_help: linkHelp } = app;
  const { logger, background, clock, ports, readAction } = deps;
  const client = slackClient(app.bot_token, apiUrl, logger);
  const seal = cardSeal(signingSecret ?? appToken ?? app.bot_token);
  const channels = configs.map((config) =>
    slackChannel({
      ...config,
      limits: limitsOf(config),
      client,
      seal: sealerOf(seal, config.name),
      url: (delivery) => reviewUrl(app, cardOf(config.name, delivery), deps.links),
    }),
  );
  const take = (interaction: SlackInteraction): Taken =>
    takeInteraction(
      {
        client,
        seal,
        ports,
        readAction,
        conversationOf: (card) => conversationOfCard(configs, card),
        url: (card) => reviewUrl(app, card, deps.links),
        linkHelp,
      },
      interaction,
    );
  const isFirstTime = (id: string): Promise<boolean> => deps.isFirstTime(app.name, id);
  if (signingSecret !== undefined) {
    const path = `/slack/${app.name}/interactions`;
    return {
      channels,
      routes: new Map([[path, (request) => slackRequest({ signingSecret, clock, isFirstTime, take, background }, request)]]),
    };
  }
  const socket = { appToken: appToken ?? "", apiUrl, isFirstTime, take, background, logger };
  return { channels, routes: new Map(), start: () => startSocket(socket) };
}
