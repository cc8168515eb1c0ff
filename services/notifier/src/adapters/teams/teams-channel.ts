import { TerminalDeliveryError, type Channel, type Delivery } from "../../usecases/channel.ts";
import { chatChannel, type ChatChannelOptions } from "../chat-channel.ts";
import { adaptiveCard, cardAttachment } from "./adaptive-card.ts";
import type { BotClient } from "./bot-client.ts";

/** `conversation` is the id of one (`19:…@thread.tacv2`), or of a chat with the bot. */
export type TeamsChannelOptions = ChatChannelOptions & {
  readonly client: BotClient;
  /** Ids in Teams of the people who are asked; the card renews itself for them. */
  readonly users: (delivery: Delivery) => Promise<readonly string[]>;
};

/** A conversation in Microsoft Teams. */
export function teamsChannel(options: TeamsChannelOptions): Channel {
  const { conversation, client } = options;
  return chatChannel("teams", options, async (delivery, signal) => {
    const activity = await activityOf(options, delivery);
    const { earlierRef, undecided } = delivery;
    if (earlierRef !== undefined && (await client.update(conversation, earlierRef, activity, signal))) return { externalRef: earlierRef };
    if (earlierRef !== undefined && !undecided)
      throw new TerminalDeliveryError("the message is not there any more, and nothing is to be decided");
    // Bots cannot read a conversation back, so an attempt without an answer may leave a second card. Both take answers, and both renew themselves.
    return { externalRef: await client.post(conversation, activity, signal) };
  });
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
