import { Server as NetServer } from "node:net";
import type { Logger } from "@countersign/telemetry";
import type { Server } from "@grpc/grpc-js";

/** How often the log says that connections are refused. */
const SAID_EVERY_MS = 60_000;

/**
 * Closes connections beyond so many as they come, so that a stranger who opens ever more takes neither the process's memory nor its files. Of one address there may be as many as of
 * all: behind a load balancer everybody has the same one, so that is for whoever sees who connects.
 * @throws when nothing listens yet.
 */
export function capConnections(server: Server, max: number, logger: Logger): void {
  const servers: unknown = Reflect.get(server, "http2Servers");
  const listening: unknown[] = servers instanceof Map ? [...servers.keys()] : [];
  if (listening.length === 0) throw new Error("grpc-js keeps its HTTP/2 servers elsewhere now");
  let saidAt = -Infinity;
  const onDrop = (): void => {
    if (performance.now() - saidAt < SAID_EVERY_MS) return;
    saidAt = performance.now();
    logger.warn({ max }, "connections are refused: there are as many as there may be");
  };
  for (const each of listening) {
    if (!(each instanceof NetServer)) throw new Error("grpc-js listens with something else now");
    each.maxConnections = max;
    each.on("drop", onDrop);
  }
}
