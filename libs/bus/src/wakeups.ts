import type { EventAppender } from "@countersign/event-log";
import type { NatsConnection } from "@nats-io/transport-node";
import { keepSubscribed } from "./keep-subscribed.ts";
import { outboxOf } from "./outbox.ts";
import { wakeSubject } from "./subjects.ts";

/**
 * Tells relays in other processes that this one has committed, with the position that comes next: they need not wait for their next look at
 * the log. A lost wake-up only costs time. `unless` is asked each time: true while this process relays its own events. Returns what ends it.
 */
export function publishWakeups(
  log: Pick<EventAppender, "onCommitted"> & { readonly ledger: string },
  connection: NatsConnection,
  prefix: string,
  unless: () => boolean = () => false,
): () => void {
  const subject = wakeSubject(prefix, log.ledger);
  const outbox = outboxOf(connection);
  return log.onCommitted((events) => {
    const last = events.at(-1);
    if (last !== undefined && !unless()) outbox.publish(subject, new TextEncoder().encode(String(last.position + 1)));
  });
}

/** Calls back with the position that comes next, as another process says. Returns what ends it. */
export function onWakeup(connection: NatsConnection, prefix: string, ledger: string, listener: (head: number) => void): () => void {
  const subscription = keepSubscribed(connection, wakeSubject(prefix, ledger), {
    callback: (error, message) => {
      const head = error === null ? Number(message.string()) : Number.NaN;
      if (Number.isSafeInteger(head)) listener(head);
    },
  });
  return () => subscription.unsubscribe();
}
