import type { NatsConnection } from "@nats-io/transport-node";

/** Whether a connection is up at this moment. */
export type Link = {
  connected(): boolean;
  /** Calls back each time the connection is up again after a loss. Returns the function that ends it. */
  onReconnect(listener: () => void): () => void;
};

/** The connection's one link. */
export function linkOf(connection: NatsConnection): Link {
  let link = links.get(connection);
  if (link === undefined) {
    link = watch(connection);
    links.set(connection, link);
  }
  return link;
}

const links = new WeakMap<NatsConnection, Link>();

function watch(connection: NatsConnection): Link {
  let up = !connection.isClosed();
  const listeners = new Set<() => void>();
  const follow = async () => {
    for await (const status of connection.status()) {
      if (status.type === "disconnect" || status.type === "close") up = false;
      if (status.type !== "reconnect") continue;
      up = true;
      for (const listener of listeners) listener();
    }
    up = false;
  };
  void follow();
  return {
    connected: () => up && !connection.isClosed(),
    onReconnect: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
