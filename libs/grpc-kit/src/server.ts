import type { DescService } from "@bufbuild/protobuf";
import { Health } from "@countersign/proto/grpc/health/v1/health_pb";
import type { Logger } from "@countersign/telemetry";
import { Server, ServerCredentials, type UntypedServiceImplementation } from "@grpc/grpc-js";
import { Admission } from "./admission.ts";
import { capConnections } from "./connection-cap.ts";
import { onWideConnections } from "./connection-window.ts";
import { observeAdmission } from "./observe-admission.ts";
import {
  type CallRules,
  methodDefinition,
  type ServiceHandlers,
  serveStream,
  serveUnary,
  type StreamHandler,
  type UnaryHandler,
  type WorkThenStream,
} from "./handlers.ts";
import { HealthState } from "./health.ts";
import { onPlainRequests } from "./plain-requests.ts";
import { REFLECTION_PATHS, serveReflection } from "./reflection.ts";
import { StalledStreams } from "./stalled-streams.ts";
import { RenewableCredentials, type TlsFiles } from "./tls.ts";

/** What one server holds, and how long it waits for a caller, at most. */
export type RpcLimits = {
  /** Calls that are here at the same time and wait for nobody outside. Default 1,024. */
  readonly maxInFlight?: number;
  /** Streams and waiting calls held at the same time. Default 10,000. */
  readonly maxParked?: number;
  /** Of those, how many for one owner (see `RpcCall.admitted`). Default: all. */
  readonly maxParkedOf?: (owner: string) => number;
  /** Connections at the same time, of each address that is listened on; more are closed as they come. Default 10,000. */
  readonly maxConnections?: number;
  /** How long a stream waits for a caller who does not read. Default 30 s. */
  readonly sendMs?: number;
  /** How long a request may take to come in, and an answer to be taken. Default 30 s. */
  readonly stallMs?: number;
  /** Bytes of answers that their callers have not taken; beyond, the oldest are cut off much sooner. Default 64 MiB. */
  readonly maxUnreadBytes?: number;
  /** Bytes of requests whose calls are not over, a quarter of it for one owner. Default 256 MiB. */
  readonly maxBytes?: number;
  /** Default 512 KiB. */
  readonly maxMessageBytes?: number;
  /** How long closing waits for calls under way. Default 10 s. */
  readonly drainMs?: number;
};

export type RpcServerOptions = {
  readonly logger: Logger;
  /** How urgent a method is, for the count of calls that were turned away. Default: all the same. */
  readonly urgencyOf?: (method: string) => string;
  readonly limits?: RpcLimits;
  /** Absent: plaintext. */ readonly tls?: TlsFiles | undefined;
};

/** A server that listens. */
export type RunningRpcServer = {
  readonly port: number;
  /** Takes a renewed certificate for connections from now on. @throws when it cannot be used, or when there is no TLS; the old one then stays. */
  renewTls(tls: TlsFiles): void;
  /** What health says from now on, until it closes. */
  serving(can: boolean): void;
  /**
   * Takes no more connections, tells those that are there to call elsewhere, and ends what waits with UNAVAILABLE (SHUTTING_DOWN). Calls that were sent before that was heard
   * are done. After the drain time the connections are cut.
   */
  close(): Promise<void>;
};

/** A gRPC server over protobuf-es services whose handlers see bytes. Health and reflection are always served. */
export type RpcServer = {
  /** Before `listen`. */
  add<Service extends DescService>(service: Service, handlers: ServiceHandlers<Service>): void;
  /** @throws when the address cannot be bound. Port 0 takes a free one. */
  listen(host: string, port: number): Promise<RunningRpcServer>;
};

/** Makes a server; nothing listens yet. */
export function createRpcServer({ logger, urgencyOf = () => "normal", limits = {}, tls }: RpcServerOptions): RpcServer {
  const maxMessageBytes = limits.maxMessageBytes ?? 512 * 1024;
  const stalled = new StalledStreams({ stallMs: limits.stallMs ?? 30_000, maxUnreadBytes: limits.maxUnreadBytes ?? 64 * 1024 * 1024 });
  const server = new Server({
    interceptors: [onPlainRequests(onWideConnections(stalled.interceptor))],
    // Twice what is taken: up to there the refusal can say why; beyond, grpc-js refuses before the message is in memory.
    "grpc.max_receive_message_length": 2 * maxMessageBytes,
    "grpc.max_concurrent_streams": 4096,
    "grpc.keepalive_time_ms": 60_000,
    "grpc.keepalive_timeout_ms": 20_000,
    // Connections that nobody uses are closed; clients connect again with their next call.
    "grpc.max_connection_idle_ms": 600_000,
  });
  const { maxInFlight = 1024, maxParked = 10_000, maxParkedOf = () => maxParked, sendMs = 30_000, maxBytes = 256 * 1024 * 1024 } = limits;
  const admission = new Admission({ maxInFlight, maxParked, maxParkedOf, maxBytes });
  const services: DescService[] = [];

  return {
    add: (service, handlers) => {
      services.push(service);
      addService(server, service, handlers, { admission, stalled, maxMessageBytes, sendMs, logger, urgencyOf });
    },
    listen: async (host, port) => {
      // Probes are answered however busy or close to its end the server is.
      const probes = new Admission({ maxInFlight: 1024, maxParked: 1024, maxParkedOf: () => 1024, maxBytes: 1024 * maxMessageBytes });
      const health = new HealthState(services.map((service) => service.typeName));
      addService(server, Health, health.handlers, { admission: probes, stalled, maxMessageBytes, sendMs, logger, urgencyOf });
      addReflection(server, [...services, Health]);
      const credentials = tls === undefined ? undefined : new RenewableCredentials(tls);
      const address = `${host.includes(":") ? `[${host}]` : host}:${port}`;
      const bound = await bind(server, address, credentials ?? ServerCredentials.createInsecure());
      capConnections(server, limits.maxConnections ?? 10_000, logger);
      health.set(true);
      const stopObserving = observeAdmission(admission);
      let closing = false;
      return {
        port: bound,
        renewTls: (renewed) => {
          if (credentials === undefined) throw new Error("there is no TLS to renew");
          credentials.renew(renewed);
        },
        serving: (can) => {
          if (!closing) health.set(can);
        },
        close: async () => {
          closing = true;
          stopObserving();
          health.set(false);
          // Everybody is told to call elsewhere (GOAWAY) before anything is refused: what was on its way by then is still done.
          const disconnected = shutDown(server);
          const drained = [admission.drain(), afterThisTurn().then(() => probes.drain()), disconnected];
          await withTimeout(Promise.all(drained), limits.drainMs ?? 10_000);
          await withTimeout(admission.close(), 1000);
          server.forceShutdown();
          stalled.close();
        },
      };
    },
  };
}

function addService<Service extends DescService>(
  server: Server,
  service: Service,
  handlers: ServiceHandlers<Service>,
  rules: CallRules,
): void {
  const byName: Readonly<Record<string, UnaryHandler | StreamHandler | WorkThenStream>> = handlers;
  const implementation: UntypedServiceImplementation = {};
  for (const method of service.methods) {
    const handler = byName[method.localName];
    if (handler === undefined) throw new Error(`${service.typeName}/${method.name} has no handler`);
    implementation[method.name] =
      method.methodKind === "unary"
        ? serveUnary(method, handler as UnaryHandler, rules)
        : serveStream(method, handler as StreamHandler | WorkThenStream, rules);
  }
  server.addService(Object.fromEntries(service.methods.map((method) => [method.name, methodDefinition(method)])), implementation);
}

function addReflection(server: Server, services: readonly DescService[]): void {
  const handler = serveReflection(services);
  const bytes = (message: Uint8Array): Buffer => Buffer.from(message);
  for (const path of REFLECTION_PATHS) {
    server.register(path, handler, bytes, (message) => message, "bidi");
  }
}

function bind(server: Server, address: string, serverCredentials: ServerCredentials): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, serverCredentials, (error, port) => (error === null ? resolve(port) : reject(error)));
  });
}

function shutDown(server: Server): Promise<void> {
  return new Promise((resolve) => server.tryShutdown(() => resolve()));
}

/** Whoever watches hears what health says now, before the watch ends. */
function afterThisTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

async function withTimeout(work: Promise<unknown>, timeoutMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeoutMs);
  });
  await Promise.race([work, timeout]);
  clearTimeout(timer);
}
