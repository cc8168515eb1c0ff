import { startNatsServer, startPostgres } from "@countersign/embedded";

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
    const nats =
      options.natsUrl === undefined ? await startNatsServer({ storeDir: `${options.dataDir}/nats`, jetstream: true }) : undefined;
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

const POSTGRES_SETTINGS = { shared_buffers: "128MB", max_wal_size: "2GB", checkpoint_completion_target: "0.9" };
