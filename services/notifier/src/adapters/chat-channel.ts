import { CHAT_RETRY_DELAYS } from "../domain/retry-schedule.ts";
import type { Channel, Delivery, RateLimit } from "../usecases/channel.ts";

/** What a conversation is made with, whichever service it is in. */
export type ChatChannelOptions = {
  readonly name: string;
  /** Its id there. */
  readonly conversation: string;
  readonly tenants: Channel["tenants"];
  readonly groups: Channel["groups"];
  readonly events: Channel["events"];
  readonly limits: readonly RateLimit[];
  readonly edit: boolean;
  /** Seals what a message shows into its buttons. */
  readonly seal: (delivery: Delivery) => string;
  /** Where a signed-in person decides. */
  readonly url: (delivery: Delivery) => string | undefined;
};

/** A conversation in a chat service: one message for each review, changed in place. */
export function chatChannel(kind: "slack" | "teams", options: ChatChannelOptions, deliver: Channel["deliver"]): Channel {
  const { name, conversation, tenants, groups = "all", events, limits, edit } = options;
  return {
    name,
    kind,
    target: conversation,
    capabilities: { show: true, update: true, answer: true, edit, thread: false },
    tenants,
    groups,
    events,
    limits,
    retryDelays: CHAT_RETRY_DELAYS,
    deliver,
  };
}
