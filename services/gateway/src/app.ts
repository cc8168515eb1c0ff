import type { CommandBus, EventFeed } from "@countersign/bus";
import { createRpcServer } from "@countersign/grpc-kit";
import { type Authenticator, createAuthenticator } from "@countersign/identity";
import type { Logger, Readiness } from "@countersign/telemetry";
import { addServices } from "./adapters/services.ts";
import type { GatewayConfig } from "./config.ts";
import { renewTls } from "./tls.ts";
import { followReadiness } from "./follow-readiness.ts";
import { Changes } from "./waiting/changes.ts";

/** How long a tenant's feed subscription is kept for the next caller who waits. */
const SUBSCRIPTION_LINGER_MS = 30_000;

export type GatewayDeps = {
  readonly config: GatewayConfig;
  readonly commands: CommandBus;
  readonly feed: EventFeed;
  readonly logger: Logger;
  /** Default: one over the configured issuers. */
  readonly authenticator?: Authenticator;
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
  const authenticator =
    deps.authenticator ??
    createAuthenticator({
      issuers: config.issuers,
      trustDomains: config.trustDomains,
      maxLifetimeSeconds: config.tokenMaxLifetimeMs / 1000,
      clock,
    });
  const { maxWatches, maxWatchesPerTenant, maxInFlight, drainMs } = config;
  const changes = new Changes(feed, { maxWatches, maxWatchesPerTenant, lingerMs: SUBSCRIPTION_LINGER_MS });
  const server = createRpcServer({
    logger,
    tls: config.tls,
    limits: { maxInFlight, maxParked: maxWatches, maxParkedPerOwner: maxWatchesPerTenant, drainMs },
  });
  addServices(server, { commands, authenticator, changes, config, clock, random: Math.random });
  const running = await server.listen(config.host, config.port);
  const stopRenewing = config.tls === undefined ? () => {} : renewTls(running, config.tls, config.tlsReloadMs, logger);
  const stopFollowing = deps.readiness === undefined ? () => {} : followReadiness(deps.readiness, running);
  const address = `${config.host.includes(":") ? `[${config.host}]` : config.host}:${running.port}`;
  logger.info({ address }, "gateway listens");
  return {
    address,
    port: running.port,
    close: async () => {
      stopRenewing();
      stopFollowing();
      await running.close();
      changes.close();
    },
  };
}
