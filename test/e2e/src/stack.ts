import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient, type CountersignClient } from "@countersign/client";
import { migrate } from "@countersign/database";
import { DEVELOPMENT_PRINCIPALS, type DevelopmentIssuer, type DevelopmentName, type DevelopmentPrincipal } from "@countersign/identity";
import { connectRuntime, readRuntimeConfig, type Closeable } from "@countersign/runtime";
import { ALL_MIGRATIONS, startAllServices } from "@countersign/server";
import { developmentKeys, ensureStarterPolicy } from "@countersign/standalone";
import { silentLogger, type Logger } from "@countersign/telemetry";
import { testNats, testPostgres } from "@countersign/testing";

/** All services in this process, on a database and a NATS prefix of their own. */
export type Stack = Closeable & {
  readonly address: string;
  readonly databaseUrl: string;
  readonly nats: { readonly url: string; readonly prefix: string };
  /** Holds the development keys, as `npm start` has them. */
  readonly dataDir: string;
  readonly issuer: DevelopmentIssuer;
  /** Countersign as one of the development cast, or as anybody else, sees it; default: who signed in at the development issuer. */
  as(who: DevelopmentName | DevelopmentPrincipal, issuer?: DevelopmentIssuer): Promise<CountersignClient>;
};

/** Starts the stack with the starter policy in force for tenant acme, and other issuers beside the development one; on a database of its own, if `env` names none. */
export async function startStack(
  env: NodeJS.ProcessEnv = {},
  logger: Logger = silentLogger,
  others: readonly DevelopmentIssuer[] = [],
): Promise<Stack> {
  const folder = mkdtempSync(join(tmpdir(), "countersign-e2e-"));
  const given = env["COUNTERSIGN_DATABASE_URL"];
  const database = given === undefined ? await testPostgres() : { url: given, drop: async () => {} };
  const nats = await testNats();
  await migrate(database.url, ALL_MIGRATIONS);
  const keys = await developmentKeys(join(folder, "keys"));
  const settings = {
    ...keys.env,
    COUNTERSIGN_ISSUERS: JSON.stringify([keys.issuer, ...others].map(({ issuer }) => issuer)),
    COUNTERSIGN_DATABASE_URL: database.url,
    COUNTERSIGN_NATS_URL: nats.url,
    COUNTERSIGN_NATS_PREFIX: nats.prefix,
    COUNTERSIGN_PORT: "0",
    COUNTERSIGN_TIMER_INTERVAL: "100ms",
    // On a busy machine policy takes its time, and tests that ask look at the answer.
    COUNTERSIGN_POLICY_TIMEOUT: "4s",
    ...env,
  };
  const config = readRuntimeConfig(settings);
  const runtime = await connectRuntime("e2e", config, logger, { commands: "in-process", relay: true });
  const services = await startAllServices(runtime, settings);
  await ensureStarterPolicy(services.address, keys.issuer);
  const clients: CountersignClient[] = [];
  return {
    address: services.address,
    databaseUrl: database.url,
    nats,
    dataDir: folder,
    issuer: keys.issuer,
    as: async (who, issuer = keys.issuer) => {
      const token = await issuer.mint(typeof who === "string" ? DEVELOPMENT_PRINCIPALS[who] : who);
      const client = createClient({ address: services.address, token });
      clients.push(client);
      return client;
    },
    close: async () => {
      for (const client of clients) client.close();
      await services.close();
      await runtime.close();
      await database.drop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
