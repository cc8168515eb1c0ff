import { errors, type Msg, type NatsConnection, type Subscription, type SubscriptionOptions } from "@nats-io/transport-node";
import { setTimeout as sleep } from "node:timers/promises";
import { denialsOf } from "./denials.ts";

/** A subscription that is there whenever the server allows it. */
export type KeptSubscription = Pick<Subscription, "drain" | "unsubscribe">;

export type KeptOptions = Pick<SubscriptionOptions, "queue"> & { readonly callback: (error: Error | null, message: Msg) => void };

/**
 * Subscribes, and does so again until it is allowed where the server refuses. When a reload of its configuration takes the right to a subject away,
 * nats-server drops the subscription on its side, and nothing brings it back when the right is: who only waited would be deaf for ever.
 */
export function keepSubscribed(connection: NatsConnection, subject: string, options: KeptOptions): KeptSubscription {
  const denials = denialsOf(connection);
  const over = new AbortController();
  let regaining = false;
  const subscribe = (): Subscription =>
    connection.subscribe(subject, {
      ...options,
      callback: (error, message) => {
        if (!(error instanceof errors.PermissionViolationError)) options.callback(error, message);
      },
    });
  let current = subscribe();
  // A connection that drains takes no subscription any more.
  const isOver = (): boolean => over.signal.aborted || connection.isClosed() || connection.isDraining();
  const regain = async (): Promise<void> => {
    for (regaining = true; !isOver();) {
      await sleep(RETRY_MS, undefined, { ref: false });
      if (isOver()) break;
      if (!current.isClosed()) current.unsubscribe();
      current = subscribe();
      if (await denials.accepted({ operation: "subscription", subject }).catch(() => false)) break;
    }
    regaining = false;
  };
  const stopListening = denials.onDenied((denial) => {
    if (denial.operation === "subscription" && denial.subject === subject && !regaining) void regain();
  });
  const end = (): void => {
    over.abort();
    stopListening();
    denials.forget({ operation: "subscription", subject });
  };
  return {
    drain: async () => {
      end();
      if (!connection.isClosed() && !current.isClosed()) await current.drain();
    },
    unsubscribe: () => {
      end();
      if (!current.isClosed()) current.unsubscribe();
    },
  };
}

const RETRY_MS = 500;
