import { Server as NetServer } from "node:net";
import type { Logger } from "@countersign/telemetry";
import type { Server } from "@grpc/grpc-js";

/** How often the log says that connections are refused. */
const SAID_EVERY_MS = 60_000;

/**
 * Closes connections beyond so many as they come, so that a stranger who opens ever more takes neither the process's memory nor its files. Counted where it listens: a name such as
 * localhost may stand for two addresses. Of one address there may come as many as of all: behind a load balancer everybody has the same one, so that is for whoever sees who connects.
 * @throws when nothing listens yet, or cannot be capped: then nothing listens any more.
 */
export function capConnections(server: Server, max: number, logger: Logger): void {
  const listening = listeners(server);
  if (listening === undefined) {
    server.forceShutdown();
    throw new Error("grpc-js keeps its HTTP/2 servers elsewhere now");
  }
  let saidAt = -Infinity;
  const onDrop = (): void => {
    if (performance.now() - saidAt < SAID_EVERY_MS) return;
    saidAt = performance.now();
    logger.warn({ max }, "connections are refused: there are as many as there may be");
  };
  for (const each of listening) {
    each.maxConnections = max;
    each.on("drop", onDrop);
  }
}

function listeners(server: Server): readonly NetServer[] | undefined {
  const servers: unknown = Reflect.get(server, "http2Servers");
  if (!(servers instanceof Map) || servers.size === 0) return undefined;
  const all: readonly unknown[] = [...servers.keys()];
  return all.every((each) => each instanceof NetServer) ? all : undefined;
}
