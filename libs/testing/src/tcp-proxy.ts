import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { Direction } from "./tcp-direction.ts";

/** Starts a proxy on a free port of 127.0.0.1 that leads to another one. */
export async function startTcpProxy(target: number): Promise<TcpProxy> {
  const proxy = new TcpProxy(target);
  await proxy.listen();
  return proxy;
}

/** Stands between a client and a server on this machine, and is as bad a network as it is told to be. It begins as a good one. */
export class TcpProxy {
  readonly #server = createServer({ noDelay: true }, (client) => this.#take(client));
  readonly #sockets = new Set<Socket>();
  readonly #upstreams = new Set<Socket>();
  readonly #directions = new Set<Direction>();
  #target: number;
  #delayMs = 0;
  #cut = false;
  #reads = true;
  #losesReply = false;
  #harmed = 0;

  constructor(target: number) {
    this.#target = target;
  }

  async listen(): Promise<void> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
  }

  /** Where it listens on 127.0.0.1. */
  get port(): number {
    const address = this.#server.address();
    if (address === null || typeof address === "string") throw new Error("the proxy has no port");
    return address.port;
  }

  /** How many connections it has reset or refused so far, and pieces it has held back: whether anybody felt what it does. */
  get harmed(): number {
    return this.#harmed;
  }

  /** Connections that are open get a reset; new ones are taken. */
  reset(): void {
    this.#harmed += this.#sockets.size;
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  /** From now on every byte comes so much later, in both directions. */
  delay(milliseconds: number): void {
    this.#delayMs = milliseconds;
    for (const direction of this.#directions) direction.delay(milliseconds);
  }

  /** From now on nothing comes through and nobody is told: a cable that was pulled. */
  stall(): void {
    this.delay(Infinity);
  }

  /** From now on nothing is read of what the server sends, as by a client that hangs: the server's buffers fill. */
  stopReading(): void {
    this.#reads = false;
    for (const upstream of this.#upstreams) upstream.pause();
  }

  /** Resets what is open, and every new connection, until `heal`. */
  cut(): void {
    this.#cut = true;
    this.reset();
  }

  /** The server's next answer on any connection is lost together with the connection. */
  loseNextReply(): void {
    this.#losesReply = true;
  }

  /** New connections lead to another port from now on. */
  leadTo(port: number): void {
    this.#target = port;
  }

  /** A good network again; what was held back arrives. */
  heal(): void {
    this.#cut = false;
    this.#reads = true;
    for (const upstream of this.#upstreams) upstream.resume();
    this.delay(0);
  }

  close(): void {
    this.#server.close();
    this.reset();
  }

  #take(client: Socket): void {
    if (this.#cut) {
      this.#harmed += 1;
      client.resetAndDestroy();
      return;
    }
    const upstream = connect({ port: this.#target, host: "127.0.0.1", noDelay: true });
    this.#upstreams.add(upstream);
    upstream.on("close", () => this.#upstreams.delete(upstream));
    this.#pipe(client, upstream, () => false);
    this.#pipe(upstream, client, () => {
      const loses = this.#losesReply;
      this.#losesReply = false;
      return loses;
    });
    if (!this.#reads) upstream.pause();
  }

  #pipe(from: Socket, to: Socket, loses: () => boolean): void {
    const direction = new Direction(to, this.#delayMs, () => (this.#harmed += 1));
    this.#sockets.add(from);
    this.#directions.add(direction);
    from.on("data", (chunk) => void (loses() ? to.resetAndDestroy() : direction.send(chunk)));
    from.on("error", () => void to.resetAndDestroy());
    from.on("end", () => direction.end());
    from.on("close", () => {
      this.#sockets.delete(from);
      this.#directions.delete(direction);
      direction.end();
    });
  }
}
