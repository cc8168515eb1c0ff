import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { Direction } from "./tcp-direction.ts";

/** Stands between a client and a server on this machine, and is as bad a network as it is told to be. It begins as a good one. */
export type TcpProxy = {
  /** Where it listens on 127.0.0.1. */
  readonly port: number;
  /** Connections that are open get a reset; new ones are taken. */
  reset(): void;
  /** From now on every byte comes so much later, in both directions. */
  delay(milliseconds: number): void;
  /** From now on nothing comes through and nobody is told: a cable that was pulled. */
  stall(): void;
  /** Resets what is open, and every new connection, until `heal`. */
  cut(): void;
  /** The server's next answer on any connection is lost together with the connection. */
  loseNextReply(): void;
  /** New connections lead to another port from now on. */
  leadTo(port: number): void;
  /** A good network again; what was held back arrives. */
  heal(): void;
  close(): void;
};

/** Starts a proxy to a port of 127.0.0.1, on a free port or on the one given. */
export async function startTcpProxy(target: number, options: { readonly port?: number } = {}): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  const directions = new Set<Direction>();
  const network = { delayMs: 0, cut: false, losesReply: false };
  let leadsTo = target;
  const server = createServer({ noDelay: true }, (client) => {
    if (network.cut) {
      client.resetAndDestroy();
      return;
    }
    const upstream = connect({ port: leadsTo, host: "127.0.0.1", noDelay: true });
    pipe(client, upstream, () => false);
    pipe(upstream, client, () => {
      const loses = network.losesReply;
      network.losesReply = false;
      return loses;
    });
  });
  const pipe = (from: Socket, to: Socket, loses: () => boolean): void => {
    const direction = new Direction(to, network.delayMs);
    sockets.add(from);
    directions.add(direction);
    from.on("data", (chunk) => (loses() ? to.resetAndDestroy() : direction.send(chunk)));
    from.on("error", () => to.resetAndDestroy());
    from.on("end", () => direction.end());
    from.on("close", (hadError) => {
      sockets.delete(from);
      directions.delete(direction);
      if (hadError) to.resetAndDestroy();
      else direction.end();
    });
  };
  const resetAll = (): void => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  const setDelay = (milliseconds: number): void => {
    network.delayMs = milliseconds;
    for (const direction of directions) direction.delay(milliseconds);
  };
  server.listen(options.port ?? 0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the proxy has no port");
  return {
    port: address.port,
    reset: resetAll,
    delay: setDelay,
    stall: () => setDelay(Infinity),
    cut: () => {
      network.cut = true;
      resetAll();
    },
    loseNextReply: () => {
      network.losesReply = true;
    },
    leadTo: (port) => {
      leadsTo = port;
    },
    heal: () => {
      network.cut = false;
      setDelay(0);
    },
    close: () => {
      server.close();
      resetAll();
    },
  };
}
