import { isNotifiedEvent, mayFollowReview, type NotifiedEvent } from "./notified-event.ts";

/** What the log says about an event, as far as deliveries need it: no payload is looked into. */
export type LoggedEvent = {
  readonly tenant: string;
  readonly streamType: string;
  readonly actionId: string;
  readonly eventId: string;
  readonly type: string;
  readonly position: number;
  readonly streamVersion: number;
  readonly time: Date;
  readonly traceparent: string;
};

/** One event for one channel. */
export type PlannedDelivery = LoggedEvent & { readonly type: NotifiedEvent; readonly channel: string };

/** What a channel wants to hear of. */
export type ChannelWish = {
  readonly name: string;
  readonly tenants: "all" | readonly string[];
  readonly events: readonly NotifiedEvent[];
};

export type DeliveryPlan = {
  /** Actions that have a review from now on. */
  readonly reviews: readonly { readonly tenant: string; readonly actionId: string }[];
  /** Wanted, if the action has a review. */
  readonly deliveries: readonly PlannedDelivery[];
};

/** Who is to hear of which of these events, in their order. */
export function planDeliveries(events: readonly LoggedEvent[], channels: readonly ChannelWish[]): DeliveryPlan {
  const candidates = events.filter(isCandidate);
  return {
    reviews: candidates.filter((event) => event.type === "ReviewOpened").map(({ tenant, actionId }) => ({ tenant, actionId })),
    deliveries: candidates.flatMap((event) =>
      channels.filter((channel) => wants(channel, event)).map((channel) => ({ ...event, channel: channel.name })),
    ),
  };
}

function isCandidate(event: LoggedEvent): event is LoggedEvent & { readonly type: NotifiedEvent } {
  return event.streamType === "action" && isNotifiedEvent(event.type) && mayFollowReview(event.type, event.streamVersion);
}

function wants(channel: ChannelWish, event: LoggedEvent & { readonly type: NotifiedEvent }): boolean {
  return channel.events.includes(event.type) && (channel.tenants === "all" || channel.tenants.includes(event.tenant));
}
