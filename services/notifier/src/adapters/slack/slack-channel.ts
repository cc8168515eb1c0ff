import type { WebClient } from "@slack/web-api";
import { TerminalDeliveryError, type Channel, type Delivery } from "../../usecases/channel.ts";
import { chatChannel, type ChatChannelOptions } from "../chat-channel.ts";
import { slackMessage, type SlackMessage } from "./blocks.ts";
import { slackErrorOf, toDeliveryError } from "./slack-api.ts";

/** `conversation` is the id of a channel or a direct message: `C…`, `G…`, `D…`. */
export type SlackChannelOptions = ChatChannelOptions & { readonly client: WebClient };

/** A message of ours carries the name of its delivery, so that it can be found when nobody told us its timestamp. */
const METADATA_TYPE = "countersign_review";
const PAGE = 200;
const MOST_PAGES = 10;
/** The clocks of Slack and of the database may differ by this. */
const CLOCKS_APART_S = 300;

/** A conversation in Slack. */
export function slackChannel(options: SlackChannelOptions): Channel {
  return chatChannel("slack", options, async (delivery) => {
    const controls = {
      sealed: options.seal(delivery),
      edit: options.edit && delivery.editable() !== undefined,
      url: options.url(delivery),
    };
    const message = slackMessage(delivery.render, delivery.undecided ? controls : undefined);
    return { externalRef: await deliver(options, delivery, message) };
  });
}

async function deliver(options: SlackChannelOptions, delivery: Delivery, message: SlackMessage): Promise<string> {
  const { earlierRef, undecided } = delivery;
  if (earlierRef !== undefined && (await update(options, earlierRef, message))) return earlierRef;
  if (earlierRef !== undefined && !undecided)
    throw new TerminalDeliveryError("the message is not there any more, and nothing is to be decided");
  // Slack has no idempotent post: after an attempt without an answer, look before posting again.
  const posted = delivery.attempt > 1 ? await findPosted(options, delivery) : undefined;
  if (posted !== undefined && (await update(options, posted, message))) return posted;
  return post(options, delivery, message);
}

/** False when somebody deleted the message. */
async function update({ client, conversation }: SlackChannelOptions, ref: string, message: SlackMessage): Promise<boolean> {
  try {
    await client.chat.update({ channel: conversation, ts: ref, ...message, parse: "none", link_names: false });
    return true;
  } catch (error) {
    if (slackErrorOf(error) === "message_not_found") return false;
    throw toDeliveryError(error);
  }
}

async function post({ client, conversation, name }: SlackChannelOptions, delivery: Delivery, message: SlackMessage): Promise<string> {
  const request = {
    channel: conversation,
    parse: "none",
    link_names: false,
    mrkdwn: false,
    unfurl_links: false,
    unfurl_media: false,
    metadata: { event_type: METADATA_TYPE, event_payload: { delivery: nameOf(name, delivery) } },
  } as const;
  try {
    // The rule means windows of a browser.
    // oxlint-disable-next-line unicorn/require-post-message-target-origin
    const answer = await client.chat.postMessage({ ...request, ...message });
    if (answer.ts === undefined) throw new Error("slack named no message");
    return answer.ts;
  } catch (error) {
    throw toDeliveryError(error);
  }
}

async function findPosted(options: SlackChannelOptions, delivery: Delivery): Promise<string | undefined> {
  const { client, conversation, name } = options;
  const oldest = String(Math.floor(delivery.plannedAt.getTime() / 1000) - CLOCKS_APART_S);
  const wanted = nameOf(name, delivery);
  let cursor = "";
  try {
    for (let page = 0; page < MOST_PAGES; page += 1) {
      const position = cursor === "" ? {} : { cursor };
      const answer = await client.conversations.history({
        channel: conversation,
        oldest,
        limit: PAGE,
        include_all_metadata: true,
        ...position,
      });
      const found = answer.messages?.find(({ metadata }) => isOurs(metadata, wanted));
      if (found?.ts !== undefined) return found.ts;
      cursor = answer.response_metadata?.next_cursor ?? "";
      if (cursor === "") return undefined;
    }
    return undefined;
  } catch (error) {
    throw toDeliveryError(error);
  }
}

function nameOf(channel: string, { event }: Delivery): string {
  return `${channel}/${event.id}`;
}

function isOurs(metadata: { event_type?: string; event_payload?: object } | undefined, wanted: string): boolean {
  const payload = metadata?.event_payload;
  return metadata?.event_type === METADATA_TYPE && payload !== undefined && "delivery" in payload && payload.delivery === wanted;
}
