import type { RecordedEvent } from "@countersign/event-log";

/**
 * Events as they happen, in no more than best order: a hint that something is new, with the event itself. It may skip, repeat and stop
 * (NATS is disposable), so whoever needs every event reads the log from its own position when one is missing, and now and then anyway.
 */
export type EventFeed = {
  /** Calls back with each event that arrives, one message at a time. Returns the function that ends the subscription. */
  subscribe(listener: (event: RecordedEvent) => void, filter?: { readonly tenant?: string; readonly streamType?: string }): () => void;
};
