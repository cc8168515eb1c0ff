import type { DirectoryClient } from "@countersign/directory-client";
import type { ReviewSource } from "@countersign/review-view";
import type { Logger } from "@countersign/telemetry";
import type { AppConfig, ChannelConfig } from "../channels-file.ts";
import type { AnswerPorts, ShownCard } from "../usecases/answer.ts";
import type { Channel, Delivery, RateLimit } from "../usecases/channel.ts";
import type { Background } from "./background.ts";
import type { CardSeal } from "./card-seal.ts";
import type { Route } from "./http/listener.ts";
import type { ReviewLinks } from "./page/review-links.ts";

/** An app of a chat service: its channels, and how its answers come in. */
export type ChatApp = {
  readonly channels: readonly Channel[];
  /** Paths that its chat service posts to. */
  readonly routes: ReadonlyMap<string, Route>;
  /** Opens connections of its own, once everything else runs. */
  start?(): { close(): Promise<void> };
};

/** What every chat app stands on. */
export type ChatAppDeps = {
  readonly ports: AnswerPorts;
  readonly readAction: (card: ShownCard) => Promise<ReviewSource>;
  readonly directory: DirectoryClient;
  readonly isFirstTime: (app: string, id: string) => Promise<boolean>;
  readonly background: Background;
  readonly clock: () => Date;
  readonly logger: Logger;
  /** To the page of this notifier; undefined: it has none. */
  readonly links?: ReviewLinks | undefined;
};

export type ChatChannelConfig = ChannelConfig & { readonly kind: "slack" | "teams" };

/** An app as a whole takes this many messages in a second. */
const APP_LIMIT = { perSecond: 20, burst: 40 };

/** Of the app as a whole, and of one conversation. Two channels that post to the same conversation share its bucket. */
export function limitsOf({ app, conversation, per_second: perSecond }: ChatChannelConfig): readonly RateLimit[] {
  return [
    { bucket: app, ...APP_LIMIT, perSecond: Math.max(APP_LIMIT.perSecond, perSecond), burst: Math.max(APP_LIMIT.burst, perSecond) },
    { bucket: `${app}/${conversation}`, perSecond, burst: Math.max(3, perSecond) },
  ];
}

/** The conversation that a card belongs to; undefined when none of these channels is its own and serves its tenant. */
export function conversationOfCard(channels: readonly ChatChannelConfig[], card: ShownCard): string | undefined {
  const channel = channels.find(({ name }) => name === card.channel);
  return channel === undefined || (channel.tenants !== "all" && !channel.tenants.includes(card.tenant)) ? undefined : channel.conversation;
}

/** What a delivery is going to show. */
export function cardOf(channel: string, delivery: Delivery): ShownCard {
  const { actionId, digest, version, shownDigest } = delivery.render();
  return { channel, tenant: delivery.tenant, actionId, digest, version, shownDigest };
}

export function sealerOf(seal: CardSeal, channel: string): (delivery: Delivery) => string {
  return (delivery) => seal.seal(cardOf(channel, delivery));
}

/** Where a signed-in person decides: the app's own address, or this notifier's page. */
export function reviewUrl(
  app: AppConfig,
  { tenant, actionId }: Pick<ShownCard, "tenant" | "actionId">,
  links?: ReviewLinks,
): string | undefined {
  const own = app.review_url?.replaceAll("{tenant}", encodeURIComponent(tenant)).replaceAll("{action}", encodeURIComponent(actionId));
  return own ?? links?.urlOf({ tenant, actionId, personId: "" });
}
