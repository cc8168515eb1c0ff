import type { CommandBus, EventFeed } from "@countersign/bus";
import { createRpcServer } from "@countersign/grpc-kit";
import { createAuthenticator } from "@countersign/identity";
import type { Logger, Readiness } from "@countersign/telemetry";
import { addServices } from "./adapters/services.ts";
import type { GatewayConfig } from "./config.ts";
import { followReadiness } from "./follow-readiness.ts";
import { Gate, type GateSettings } from "./load/gate.ts";
import { observeGate } from "./load/observe-gate.ts";
import { renewTls, type Trust } from "./tls.ts";
import { urgencyOf } from "./urgency.ts";
import { Changes } from "./waiting/changes.ts";

/** How long a tenant's feed subscription is kept for the next caller who waits. */
const SUBSCRIPTION_LINGER_MS = 30_000;
/** Calls whose token is being verified, beside those that are let in or wait for it. */
const MAX_UNIDENTIFIED = 1024;
/** What works behind the gate does so in batches: fewer at once would leave it idle. */
const MIN_IN_FLIGHT = 32;
/** A crowd that is not gone by then stays. */
const LINE_STANDS_MS = 500;
/** Then a call waits for so many times as long as it shall be worked on. */
const HURRY = 2;

export type GatewayDeps = {
  readonly config: GatewayConfig;
  readonly commands: CommandBus;
  readonly feed: EventFeed;
  readonly logger: Logger;
  readonly clock?: () => Date;
  /** Absent: health says that calls are served as long as this listens. */
  readonly readiness?: Readiness;
};

export type RunningGateway = {
  /** host:port. */
  readonly address: string;
  readonly port: number;
  /** Drains: see RunningRpcServer. */
  close(): Promise<void>;
};

/** Opens the gRPC front door. @throws ConfigError when no issuer is configured, or when the address cannot be bound. */
export async function startGateway(deps: GatewayDeps): Promise<RunningGateway> {
  const { config, commands, feed, logger, clock = () => new Date() } = deps;
  const authenticator = createAuthenticator({
    issuers: config.issuers,
    trustDomains: config.tls?.trustDomains ?? [],
    maxLifetimeSeconds: config.tokenMaxLifetimeMs / 1000,
    clock,
  });
  const { maxConnections, maxWatches, maxWatchesPerTenant, maxInFlight, maxQueued, drainMs, quotas } = config;
  const maxWatchesOf = (tenant: string): number => Math.min(maxWatchesPerTenant, quotas.of(tenant).openWatches);
  const changes = new Changes(feed, { maxWatches, maxWatchesOf, lingerMs: SUBSCRIPTION_LINGER_MS });
  const gate = new Gate(gateSettings(config), quotas);
  const server = createRpcServer({
    logger,
    urgencyOf,
    tls: config.tls,
    limits: {
      maxConnections,
      maxInFlight: maxInFlight + maxQueued + MAX_UNIDENTIFIED,
      maxParked: maxWatches,
      maxParkedOf: maxWatchesOf,
      drainMs,
    },
  });
  addServices(server, { commands, authenticator, gate, changes, config, clock, random: Math.random });
  const stopObserving = observeGate(gate);
  const running = await server.listen(config.host, config.port);
  const renew = (trust: Trust): void => {
    running.renewTls(trust);
    authenticator.renewTrustDomains(trust.trustDomains);
  };
  const stopRenewing = config.tls === undefined ? () => {} : renewTls(config.tls, config.tlsReloadMs, logger, renew);
  const stopFollowing = deps.readiness === undefined ? () => {} : followReadiness(deps.readiness, running);
  const address = `${config.host.includes(":") ? `[${config.host}]` : config.host}:${running.port}`;
  logger.info({ address }, "gateway listens");
  return {
    address,
    port: running.port,
    close: async () => {
      stopRenewing();
      stopFollowing();
      stopObserving();
      await running.close();
      gate.close();
      changes.close();
    },
  };
}

function gateSettings({ maxInFlight, maxQueued, targetLatencyMs, queueMs }: GatewayConfig): GateSettings {
  return {
    limit: { min: Math.min(MIN_IN_FLIGHT, maxInFlight), max: maxInFlight, targetMs: targetLatencyMs },
    line: { maxWaiting: maxQueued, patienceMs: queueMs, standsMs: LINE_STANDS_MS, hurryMs: HURRY * targetLatencyMs },
  };
}
