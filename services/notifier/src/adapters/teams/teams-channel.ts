import { CHAT_RETRY_DELAYS } from "../../domain/retry-schedule.ts";
import { TerminalDeliveryError, type Channel, type Delivery, type RateLimit } from "../../usecases/channel.ts";
import { adaptiveCard, cardAttachment } from "./adaptive-card.ts";
import type { BotClient } from "./bot-client.ts";

export type TeamsChannelOptions = {
  readonly name: string;
  /** Id of the conversation: `19:…@thread.tacv2`, or of a chat with the bot. */
  readonly conversation: string;
  readonly tenants: Channel["tenants"];
  readonly groups: Channel["groups"];
  readonly events: Channel["events"];
  readonly limits: readonly RateLimit[];
  readonly edit: boolean;
  readonly client: BotClient;
  readonly seal: (delivery: Delivery) => string;
  readonly url: (delivery: Delivery) => string | undefined;
  /** Ids in Teams of the people who are asked; the card renews itself for them. */
  readonly users: (delivery: Delivery) => Promise<readonly string[]>;
};

/** A conversation in Microsoft Teams. One message for each review, changed in place. */
export function teamsChannel(options: TeamsChannelOptions): Channel {
  const { name, conversation, tenants, groups = "all", events, limits, edit, client } = options;
  return {
    name,
    kind: "teams",
    target: conversation,
    capabilities: { show: true, update: true, answer: true, edit, thread: false },
    tenants,
    groups,
    events,
    limits,
    retryDelays: CHAT_RETRY_DELAYS,
    deliver: async (delivery, signal) => {
      const activity = await activityOf(options, delivery);
      const { earlierRef, undecided } = delivery;
      if (earlierRef !== undefined && (await client.update(conversation, earlierRef, activity, signal))) return { externalRef: earlierRef };
      if (earlierRef !== undefined && !undecided)
        throw new TerminalDeliveryError("the message is not there any more, and nothing is to be decided");
      // Bots cannot read a conversation back, so an attempt without an answer may leave a second card. Both take answers, and both renew themselves.
      return { externalRef: await client.post(conversation, activity, signal) };
    },
  };
}

async function activityOf(options: TeamsChannelOptions, delivery: Delivery): Promise<object> {
  const card = adaptiveCard(delivery.render, {
    sealed: options.seal(delivery),
    editable: options.edit ? delivery.editable() : undefined,
    url: options.url(delivery),
    users: await options.users(delivery),
  });
  return { type: "message", summary: delivery.undecided ? "Review needed" : "Review", attachments: [cardAttachment(card)] };
}
