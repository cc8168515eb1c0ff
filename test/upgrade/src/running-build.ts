import { createHash, createPrivateKey, type KeyObject } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createClient, type ClientOptions, type CountersignClient } from "@countersign/client";
import type { CommandBus } from "@countersign/bus";
import { DEVELOPMENT_PRINCIPALS, type DevelopmentName, type DevelopmentPrincipal } from "@countersign/identity";
import { terminalChannel } from "@countersign/notifier";
import { connectRuntime, readRuntimeConfig, type Closeable, type ConnectedRuntime } from "@countersign/runtime";
import { startAllServices } from "@countersign/server";
import { developmentKeys } from "@countersign/standalone";
import type { Logger } from "@countersign/telemetry";

/** The tenant whose people are kept in the directory. */
export const MANAGED = "initech";
export const SCIM_TOKEN = "scim-token-of-the-baseline-32-bytes";

export type BuildOptions = {
  readonly databaseUrl: string;
  readonly nats: { readonly url: string; readonly prefix: string };
  /** Holds keys and anchor; see `layKeys`. */
  readonly folder: string;
  readonly logger: Logger;
  readonly scimPort: number;
  /** Stands before the commands that services send each other. */
  readonly commands?: (commands: CommandBus) => CommandBus;
};

/** All services of the build that runs this, on a ledger that may be another build's. */
export type RunningBuild = Closeable & {
  readonly runtime: ConnectedRuntime;
  readonly env: Readonly<Record<string, string>>;
  readonly scimUrl: string;
  /** A token and a client of now. */
  as(who: DevelopmentName | DevelopmentPrincipal, options?: Pick<ClientOptions, "retry">): Promise<CountersignClient>;
};

/** Starts every service in this process, with a channel of the notifier that prints nowhere. */
export async function startBuild(options: BuildOptions): Promise<RunningBuild> {
  const { databaseUrl, nats, folder, logger, scimPort, commands = (bus) => bus } = options;
  const keys = await developmentKeys(folder);
  const directoryFile = join(folder, "directory.json");
  writeFileSync(directoryFile, JSON.stringify(DIRECTORY));
  const env = {
    ...keys.env,
    COUNTERSIGN_DATABASE_URL: databaseUrl,
    COUNTERSIGN_NATS_URL: nats.url,
    COUNTERSIGN_NATS_PREFIX: nats.prefix,
    COUNTERSIGN_PORT: "0",
    COUNTERSIGN_TIMER_INTERVAL: "50ms",
    COUNTERSIGN_MANAGED_TENANTS: MANAGED,
    COUNTERSIGN_DIRECTORY_FILE: directoryFile,
    COUNTERSIGN_SCIM_PORT: String(scimPort),
  };
  const runtime = await connectRuntime("upgrade", readRuntimeConfig(env), logger, { commands: "in-process", relay: true });
  const silent = { write: (_text: string, done: (error?: Error | null) => void) => done() };
  const channel = terminalChannel({ name: "nowhere", output: silent, tenants: ["acme"] });
  const services = await startAllServices({ ...runtime, commands: commands(runtime.commands) }, env, [channel]);
  const clients: CountersignClient[] = [];
  return {
    runtime,
    env,
    scimUrl: `http://127.0.0.1:${scimPort}/scim/v2`,
    as: async (who, more = {}) => {
      const token = await keys.issuer.mint(typeof who === "string" ? DEVELOPMENT_PRINCIPALS[who] : who);
      const client = createClient({ address: services.address, token, ...more });
      clients.push(client);
      return client;
    },
    close: async () => {
      for (const client of clients) client.close();
      await services.close();
      await runtime.close();
    },
  };
}

/** The keys of the baseline, the same on every machine: known to everybody, and good for nothing else. */
export function layKeys(folder: string): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const name of ["grant-key", "log-key"]) {
    writeFileSync(join(folder, `${name}.pem`), keyOf(name).export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
  }
  writeFileSync(join(folder, "append-key.hex"), seedOf("append-key").toString("hex"), { mode: 0o600 });
  const issuer = keyOf("issuer");
  writeFileSync(join(folder, "development-issuer.jwk"), JSON.stringify(issuer.export({ format: "jwk" })), { mode: 0o600 });
}

function seedOf(name: string): Buffer {
  return createHash("sha256").update(`countersign upgrade baseline ${name}`).digest();
}

/** An Ed25519 key that its name gives: RFC 8410 puts its 32 bytes behind this prefix. */
function keyOf(name: string): KeyObject {
  return createPrivateKey({
    key: Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seedOf(name)]),
    format: "der",
    type: "pkcs8",
  });
}

const DIRECTORY = {
  tenants: {
    [MANAGED]: {
      scim_tokens: [{ name: "provider", sha256: createHash("sha256").update(SCIM_TOKEN).digest("hex") }],
      sign_in: [{ issuer: "urn:countersign:development", by: "userName" }],
    },
  },
};
