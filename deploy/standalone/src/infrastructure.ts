import { randomBytes } from "node:crypto";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startNatsServer, startPostgres, type NatsServer } from "@countersign/embedded";

/** Where Postgres and NATS are, and how to stop what was started here. */
export type Infrastructure = {
  readonly databaseUrl: string;
  readonly natsUrl: string;
  /** Stops the servers that were started here; servers of others are left alone. */
  close(): Promise<void>;
};

export type InfrastructureOptions = {
  /** Holds both servers' data. */
  readonly dataDir: string;
  /** Use this PostgreSQL instead of an embedded one. */
  readonly databaseUrl?: string | undefined;
  /** Use this nats-server instead of a private one. */
  readonly natsUrl?: string | undefined;
};

/** Starts an embedded PostgreSQL and a private nats-server with JetStream on free loopback ports, except where a URL names another one. */
export async function startInfrastructure(options: InfrastructureOptions): Promise<Infrastructure> {
  const postgres =
    options.databaseUrl === undefined
      ? await startPostgres({ dataDir: `${options.dataDir}/postgres`, settings: POSTGRES_SETTINGS })
      : undefined;
  try {
    const nats = options.natsUrl === undefined ? await startPrivateNats(options.dataDir) : undefined;
    return {
      databaseUrl: options.databaseUrl ?? postgres?.localUrl ?? "",
      natsUrl: options.natsUrl ?? nats?.url ?? "",
      close: async () => {
        await nats?.stop();
        await postgres?.stop();
      },
    };
  } catch (error) {
    await postgres?.stop();
    throw error;
  }
}

/** Every user of this machine reaches a loopback port: only who may read the data directory knows the password, which is another one at each start. */
async function startPrivateNats(dataDir: string): Promise<Pick<NatsServer, "url" | "stop">> {
  const password = randomBytes(24).toString("hex");
  const configFile = join(dataDir, "nats.conf");
  await mkdir(dataDir, { recursive: true });
  await rm(configFile, { force: true });
  await writeFile(configFile, `authorization { user: countersign, password: "${password}" }\n`, { mode: 0o600 });
  const server = await startNatsServer({ storeDir: join(dataDir, "nats"), jetstream: true, configFile });
  return { url: server.url.replace("nats://", `nats://countersign:${password}@`), stop: () => server.stop() };
}

const POSTGRES_SETTINGS = { shared_buffers: "128MB", max_wal_size: "2GB", checkpoint_completion_target: "0.9" };
