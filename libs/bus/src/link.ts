import type { NatsConnection } from "@nats-io/transport-node";

/** Whether a connection is up at this moment. */
export type Link = {
  connected(): boolean;
  /** Calls back each time the connection is lost. Returns the function that ends it. */
  onLoss(listener: () => void): () => void;
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
  const losses = new Set<() => void>();
  const returns = new Set<() => void>();
  const lose = () => {
    if (!up) return;
    up = false;
    for (const listener of losses) listener();
  };
  const follow = async () => {
    for await (const status of connection.status()) {
      if (status.type === "disconnect" || status.type === "close") lose();
      if (status.type !== "reconnect") continue;
      up = true;
      for (const listener of returns) listener();
    }
    lose();
  };
  void follow();
  return {
    connected: () => up && !connection.isClosed(),
    onLoss: (listener) => listen(losses, listener),
    onReconnect: (listener) => listen(returns, listener),
  };
}

function listen(listeners: Set<() => void>, listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
