import type { NotifiedEvent } from "../domain/notified-event.ts";

/** A delivery that this process may attempt now, until its lease ends. */
export type LeasedDelivery = {
  readonly id: string;
  /** Names this lease: a worker that lost it must not overrule the next one. */
  readonly leaseId: string;
  readonly tenant: string;
  readonly actionId: string;
  readonly eventId: string;
  readonly type: NotifiedEvent;
  readonly position: number;
  readonly streamVersion: number;
  readonly time: Date;
  readonly traceparent: string;
  /** This attempt included. */
  readonly attempts: number;
  /** Something about this action reached the channel before. */
  readonly shownBefore: boolean;
  readonly earlierRef: string | undefined;
  /** The newest version of the action that the message there shows. */
  readonly shownVersion: number | undefined;
  readonly plannedAt: Date;
};

/** How an attempt ended. */
export type DeliveryOutcome =
  /** `shownVersion`: the message now shows the action at this version, so older events have nothing to add to it. */
  | { readonly outcome: "delivered"; readonly externalRef: string | undefined; readonly shownVersion: number | undefined }
  | { readonly outcome: "superseded"; readonly reason: string }
  /** `counts: false`: the receiver was not even tried, or took nothing for sure. `pausesChannel`: nothing goes there before the delay is over. */
  | {
      readonly outcome: "retry";
      readonly delayMs: number;
      readonly error: string;
      readonly counts: boolean;
      readonly pausesChannel?: boolean;
    }
  | { readonly outcome: "failed"; readonly error: string; readonly disablesChannel: boolean };

/** `againInMs`: a rate limit held deliveries back for so long. */
export type LeasedBatch = { readonly deliveries: readonly LeasedDelivery[]; readonly againInMs?: number };

/** Where deliveries of one channel are kept. Time is the store's own: several processes agree on it. */
export type DeliveryStore = {
  /**
   * Leases deliveries that are due, oldest first; each attempt is recorded before it is made. Never two of one action: the next one waits until the one before
   * has ended; none while the channel is paused, and no more than its rate limits allow.
   */
  lease(options: { readonly most: number; readonly leaseMs: number }): Promise<LeasedBatch>;
  /** Records how an attempt ended. `delivered` counts whoever holds the lease by now, since it is true; anything else only from the holder. */
  record(delivery: LeasedDelivery, outcome: DeliveryOutcome): Promise<void>;
  /** Makes the last message about an action come again, so that it shows the action as it is. */
  refresh(tenant: string, actionId: string): Promise<void>;
};
