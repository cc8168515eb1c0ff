import { join } from "node:path";
import { migrate } from "@countersign/database";
import type { DevelopmentIssuer } from "@countersign/identity";
import type { Channel } from "@countersign/notifier";
import { checkDatabase, connectRuntime, readRuntimeConfig, type Closeable } from "@countersign/runtime";
import { ALL_MIGRATIONS, startAllServices } from "@countersign/server";
import { createLogger, startTelemetry } from "@countersign/telemetry";
import { developmentKeys } from "./development-keys.ts";
import { startInfrastructure } from "./infrastructure.ts";
import { ensureStarterPolicy } from "./starter-policy.ts";

export type StandaloneOptions = {
  /** Holds servers' data and keys. */
  readonly dataDir: string;
  /** Loopback port of the front door; 0: a free one. */
  readonly port: number;
  /** Loopback port of checkpoints and tiles over HTTP; default: a free one. */
  readonly tilesPort?: number;
  readonly databaseUrl?: string | undefined;
  readonly natsUrl?: string | undefined;
  readonly logLevel?: string;
  /** More settings of the services; those that this function computes win. */
  readonly env?: NodeJS.ProcessEnv;
  readonly channels?: readonly Channel[];
};

/** Everything on one machine, with development identities and the starter policy in force. */
export type Standalone = Closeable & {
  readonly address: string;
  /** host:port of checkpoints and tiles. */
  readonly tiles: string | undefined;
  /** host:port of metrics and probes, if they are served. */
  readonly telemetry: string | undefined;
  readonly databaseUrl: string;
  readonly natsUrl: string;
  readonly issuer: DevelopmentIssuer;
};

/**
 * Starts PostgreSQL and nats-server (or uses those named), migrates, and starts all services in this process.
 * @throws UnreachableError when a server of one's own cannot be used; NewerSchemaError when the data directory was written by a newer version; whatever was started is stopped again.
 */
export async function startStandalone(options: StandaloneOptions): Promise<Standalone> {
  const started: Closeable[] = [];
  const close = async (): Promise<void> => {
    for (const part of started.splice(0).toReversed()) await part.close();
  };
  try {
    const telemetry = await startTelemetry("countersign", options.env ?? {});
    started.push(telemetry);
    const infrastructure = await startInfrastructure(options);
    started.push(infrastructure);
    const { databaseUrl, natsUrl } = infrastructure;
    await checkDatabase(databaseUrl, null);
    await migrate(databaseUrl, ALL_MIGRATIONS);
    const keys = await developmentKeys(join(options.dataDir, "keys"));
    const env = {
      ...options.env,
      COUNTERSIGN_DATABASE_URL: databaseUrl,
      COUNTERSIGN_NATS_URL: natsUrl,
      COUNTERSIGN_PORT: String(options.port),
      COUNTERSIGN_TILES_PORT: String(options.tilesPort ?? 0),
      ...keys.env,
    };
    const config = readRuntimeConfig(env);
    const runtime = await connectRuntime("countersign", config, createLogger("countersign", options.logLevel ?? "warn"), {
      commands: "in-process",
      relay: true,
      readiness: telemetry.readiness,
    });
    started.push(runtime);
    const services = await startAllServices(runtime, env, options.channels);
    started.push(services);
    await ensureStarterPolicy(services.address, keys.issuer);
    return {
      address: services.address,
      tiles: services.tiles,
      telemetry: telemetry.address,
      databaseUrl,
      natsUrl,
      issuer: keys.issuer,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
