import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";

/** One address for all doors, as a load balancer in front of the gateways is. */
export type Balancer = {
  /** host:port. */
  readonly address: string;
  close(): void;
};

/**
 * Leads each connection to the next door that takes it. It knows connections only: when a process behind it goes, that process has to say so to
 * those that it has.
 * @param doors looked at for each connection: they may change.
 */
export async function startBalancer(doors: () => readonly number[]): Promise<Balancer> {
  const open = new Set<Socket>();
  let turn = 0;
  const server = createServer({ noDelay: true, pauseOnConnect: true }, (client) => {
    turn += 1;
    const now = doors();
    void toFirst([...now.slice(turn % now.length), ...now.slice(0, turn % now.length)]).then((upstream) => join(open, client, upstream));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    address: `127.0.0.1:${port}`,
    close: () => {
      server.close();
      for (const socket of open) socket.destroy();
    },
  };
}

async function toFirst(doors: readonly number[]): Promise<Socket | undefined> {
  for (const port of doors) {
    const socket = connect({ port, host: "127.0.0.1", noDelay: true });
    const taken = await once(socket, "connect").then(
      () => true,
      () => false,
    );
    if (taken) return socket;
  }
  return undefined;
}

function join(open: Set<Socket>, client: Socket, upstream: Socket | undefined): void {
  if (upstream === undefined) {
    client.resetAndDestroy();
    return;
  }
  for (const [from, to] of [
    [client, upstream],
    [upstream, client],
  ] as const) {
    open.add(from);
    from.on("error", () => to.resetAndDestroy());
    from.on("close", () => open.delete(from));
    from.pipe(to);
  }
}
