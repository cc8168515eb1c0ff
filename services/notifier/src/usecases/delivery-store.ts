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
};

/** How an attempt ended. */
export type DeliveryOutcome =
  | { readonly outcome: "delivered"; readonly externalRef: string | undefined }
  | { readonly outcome: "superseded"; readonly reason: string }
  /** `counts: false`: the receiver was not even tried. */
  | { readonly outcome: "retry"; readonly delayMs: number; readonly error: string; readonly counts: boolean }
  | { readonly outcome: "failed"; readonly error: string; readonly disablesChannel: boolean };

/** Where deliveries of one channel are kept. Time is the store's own: several processes agree on it. */
export type DeliveryStore = {
  /**
   * Leases deliveries that are due, oldest first; each attempt is recorded before it is made. Never two of one action: the next one waits until the one before
   * has ended.
   */
  lease(options: { readonly most: number; readonly leaseMs: number }): Promise<readonly LeasedDelivery[]>;
  /** Records how an attempt ended. `delivered` counts whoever holds the lease by now, since it is true; anything else only from the holder. */
  record(delivery: LeasedDelivery, outcome: DeliveryOutcome): Promise<void>;
};
