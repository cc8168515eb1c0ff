import { askedGroups, editableText, renderReview, sha256Hex } from "@countersign/review-view";
import type { TeamsAppConfig } from "../../channels-file.ts";
import type { ShownCard } from "../../usecases/answer.ts";
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
import { adaptiveCard } from "./adaptive-card.ts";
import { botClient } from "./bot-client.ts";
import { botTokens } from "./bot-token.ts";
import { incomingTokens } from "./incoming-token.ts";
import { teamsRequest, type TeamsAnswerDeps } from "./invoke.ts";
import { teamsChannel } from "./teams-channel.ts";

/** A bot in Microsoft Teams, with the conversations it posts to. */
export function teamsApp(
  app: TeamsAppConfig,
  configs: readonly (ChatChannelConfig & { readonly kind: "teams" })[],
  deps: ChatAppDeps,
): ChatApp {
  const { clock, background, ports, readAction } = deps;
  const tokenUrl = new URL(`${encodeURIComponent(app.tenant_id)}/oauth2/v2.0/token`, app.login_url).href;
  const tokens = botTokens({ tokenUrl, appId: app.app_id, password: app.app_password, clock });
  const client = botClient(app.service_url, tokens, clock);
  const seal = cardSeal(app.app_password);
  const users = (tenant: string, groups: readonly string[]): Promise<readonly string[]> => usersOf(deps, tenant, groups);
  const channels = configs.map((config) =>
    teamsChannel({
      ...config,
      limits: limitsOf(config),
      client,
      seal: sealerOf(seal, config.name),
      url: (delivery) => reviewUrl(app, cardOf(config.name, delivery), deps.links),
      users: (delivery) => users(delivery.tenant, delivery.askedGroups),
    }),
  );
  const renderCard: TeamsAnswerDeps["renderCard"] = async (card, source) => {
    const { digest, version, shownDigest } = renderReview(source, sha256Hex);
    const now: ShownCard = { ...card, digest, version, shownDigest };
    const edit = configs.find(({ name }) => name === card.channel)?.edit ?? false;
    return adaptiveCard((limits) => renderReview(source, sha256Hex, limits), {
      sealed: seal.seal(now),
      editable: edit ? editableText(source) : undefined,
      url: reviewUrl(app, now, deps.links),
      users: await users(card.tenant, askedGroups(source)),
    });
  };
  const answers: TeamsAnswerDeps = {
    tokens: incomingTokens(app.app_id, app.openid_url, clock),
    seal,
    ports,
    readAction,
    renderCard,
    conversationOf: (card) => conversationOfCard(configs, card),
    url: (card) => reviewUrl(app, card, deps.links),
    linkHelp: app.link_help,
    background,
  };
  return { channels, routes: new Map([[`/teams/${app.name}/messages`, (request) => teamsRequest(answers, request)]]) };
}

/** People whose card renews itself; without the directory everybody renews it by hand. */
async function usersOf({ directory, clock }: ChatAppDeps, tenant: string, groups: readonly string[]): Promise<readonly string[]> {
  if (groups.length === 0) return [];
  const reviewers = await directory.listReviewers(tenant, { groups }, clock()).catch(() => undefined);
  if (reviewers?.managed !== true) return [];
  return reviewers.people.flatMap(({ accounts }) => accounts.filter(({ channel }) => channel === "teams").map(({ id }) => `8:orgid:${id}`));
}
