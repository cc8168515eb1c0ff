import type { NatsConnection, PublishOptions } from "@nats-io/transport-node";

type Message = { readonly subject: string; readonly data: Uint8Array | undefined; readonly options: PublishOptions | undefined };

/**
 * Messages of one turn of the event loop, published together and in order. The client writes to its socket once per synchronous run of
 * publishes, and that system call is the dearest part of a message: after a group commit dozens of callers each resume in a microtask of
 * their own, and would write once each.
 */
export type Outbox = {
  /** Queues a message. `onError` hears of one that the connection refuses (closed, too large); without it that is dropped like any other lost message. */
  publish(subject: string, data?: Uint8Array, options?: PublishOptions, onError?: (error: unknown) => void): void;
};

/** The connection's one outbox: everything that goes through it keeps its order. */
export function outboxOf(connection: NatsConnection): Outbox {
  let outbox = outboxes.get(connection);
  if (outbox === undefined) {
    outbox = createOutbox(connection);
    outboxes.set(connection, outbox);
  }
  return outbox;
}

const outboxes = new WeakMap<NatsConnection, Outbox>();

function createOutbox(connection: NatsConnection): Outbox {
  let queue: (Message & { readonly onError: ((error: unknown) => void) | undefined })[] = [];
  const flush = () => {
    const messages = queue;
    queue = [];
    for (const { subject, data, options, onError } of messages) {
      try {
        connection.publish(subject, data, options);
      } catch (error) {
        onError?.(error);
      }
    }
  };
  return {
    publish(subject, data, options, onError) {
      if (queue.length === 0) setImmediate(flush);
      queue.push({ subject, data, options, onError });
    },
  };
}
