import { decodeEntry, type RecordedEvent } from "@countersign/event-log";
import { createLogger, type Logger } from "@countersign/telemetry";
import type { Msg, NatsConnection } from "@nats-io/transport-node";
import type { EventFeed } from "./event-feed.ts";
import { isOmitted } from "./event-headers.ts";
import { keepSubscribed, type KeptSubscription } from "./keep-subscribed.ts";
import { feedSubject } from "./subjects.ts";

export type NatsFeedOptions = { readonly prefix: string; readonly ledger: string; readonly logger?: Logger };

/** The feed of a process that may relay. */
export type NatsFeed = EventFeed & {
  /** Delivers an event that this process publishes itself: what a connection without echo does not get back. */
  hear(event: RecordedEvent): void;
};

type Listener = (event: RecordedEvent) => void;
type Shared = { readonly subscription: KeptSubscription; readonly listeners: Set<Listener> };

/**
 * The live feed: a plain subscription on the subjects that the relay publishes to. Listeners with the same filter share one subscription and
 * one decoding; the server does the filtering. A listener that throws is logged, and the others still hear.
 */
export function natsFeed(connection: NatsConnection, options: NatsFeedOptions): NatsFeed {
  const logger = options.logger ?? createLogger("feed");
  const shapes = new Map<string, Shared>();
  let heard: RecordedEvent[] = [];

  const open = (subject: string): Shared => {
    const listeners = new Set<Listener>();
    const subscription = keepSubscribed(connection, subject, {
      callback: (error, message) => {
        if (error !== null) logger.error({ err: error, subject }, "the event feed cannot be received");
        else {
          const event = decode(message, options.ledger, logger);
          if (event !== undefined) deliver(event, listeners, logger);
        }
      },
    });
    return { subscription, listeners };
  };

  // After this turn of the event loop: by then whoever appended them has gone on, and what it remembers is as new as they are.
  const deliverHeard = (): void => {
    const events = heard;
    heard = [];
    for (const event of events) for (const { listeners } of shapes.values()) deliver(event, listeners, logger);
  };

  return {
    hear(event) {
      if (heard.length === 0) setImmediate(deliverHeard);
      heard.push(event);
    },
    subscribe(listener, filter) {
      const everything = feedSubject(options.prefix, options.ledger);
      // Where the whole ledger comes in anyway, a second subscription would only bring and decode the same messages once more.
      const subject = shapes.has(everything) ? everything : feedSubject(options.prefix, options.ledger, filter);
      const shared = shapes.get(subject) ?? open(subject);
      shapes.set(subject, shared);
      // A function of its own, so that one listener may subscribe twice.
      const entry: Listener = (event) => {
        if (matches(event, filter)) listener(event);
      };
      shared.listeners.add(entry);
      return () => {
        shared.listeners.delete(entry);
        if (shared.listeners.size > 0 || shapes.get(subject) !== shared) return;
        shapes.delete(subject);
        shared.subscription.unsubscribe();
      };
    },
  };
}

function matches({ stream }: RecordedEvent, filter: Parameters<EventFeed["subscribe"]>[1]): boolean {
  return (
    (filter?.tenant === undefined || filter.tenant === stream.tenant) &&
    (filter?.streamType === undefined || filter.streamType === stream.type)
  );
}

function deliver(event: RecordedEvent, listeners: ReadonlySet<Listener>, logger: Logger): void {
  for (const listener of listeners) {
    // An error that left this callback would end the connection's reader.
    try {
      listener(event);
    } catch (error) {
      logger.error({ err: error, position: event.position }, "a listener of the event feed threw");
    }
  }
}

function decode(message: Msg, ledger: string, logger: Logger): RecordedEvent | undefined {
  // Listeners find a gap there, as after a message that was lost.
  if (message.data.length === 0 && isOmitted(message.headers)) return undefined;
  try {
    // A copy: the message is a view of the socket's buffer, and events are kept.
    const event = decodeEntry(new Uint8Array(message.data));
    if (event.ledger === ledger) return event;
    logger.warn({ subject: message.subject }, "a message of another ledger came over the event feed");
  } catch (error) {
    logger.warn({ err: error, subject: message.subject }, "a message of the event feed is no entry");
  }
  return undefined;
}
