import { randomBytes } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { natsAccounts } from "@countersign/bus";
import { migrate } from "@countersign/database";
import type { AppendKeys } from "@countersign/event-log";
import type { DevelopmentIssuer } from "@countersign/identity";
import {
  COMPILE_CACHE,
  developmentKeys,
  ensureStarterPolicy,
  startInfrastructure,
  startServiceProcess,
  startServiceProcesses,
  type ServiceName,
} from "@countersign/standalone";
import { ALL_MIGRATIONS, compile } from "@countersign/server";
import { freePort, startNatsServer } from "@countersign/embedded";
import { temporaryFolder } from "./temporary-folder.ts";

/** All services as modules of one process, or each as a process. */
export type Layout = "one-process" | "process-per-service";

/** The complete system under test, in processes of its own. */
export type System = {
  readonly address: string;
  readonly issuer: DevelopmentIssuer;
  readonly pids: readonly number[];
  readonly databaseUrl: string;
  readonly appendKeys: AppendKeys;
  readonly natsUrl: string;
  readonly postgresPid: number;
  readonly natsPid: number;
  /** Where JetStream keeps the copy of the log. */
  readonly natsFolder: string;
  close(): Promise<void>;
};

/** Starts PostgreSQL, nats-server and the services in a temporary folder, with durable commits, as in production. */
export async function startSystem(layout: Layout, more: NodeJS.ProcessEnv = {}): Promise<System> {
  compileOnce();
  const { path: folder, remove } = temporaryFolder("bench");
  const nats = await startUsersNats(folder);
  const infrastructure = await startInfrastructure({ dataDir: folder, natsUrl: nats.urlOf("countersign") });
  await migrate(infrastructure.databaseUrl, ALL_MIGRATIONS);
  const keys = await developmentKeys(join(folder, "keys"));
  const port = await freePort();
  const address = `127.0.0.1:${port}`;
  const env = {
    ...keys.env,
    ...more,
    COUNTERSIGN_DATABASE_URL: infrastructure.databaseUrl,
    COUNTERSIGN_PORT: String(port),
  };
  const envOf = (name: User) => ({ ...env, COUNTERSIGN_NATS_URL: nats.urlOf(name) });
  const processes =
    layout === "one-process" ? [await startServiceProcess("countersign", envOf("countersign"))] : await startServiceProcesses(envOf);
  await ensureStarterPolicy(address, keys.issuer);
  return {
    address,
    issuer: keys.issuer,
    pids: processes.map(({ pid }) => pid),
    databaseUrl: infrastructure.databaseUrl,
    appendKeys: keys.appendKeys,
    natsUrl: nats.urlOf("countersign"),
    postgresPid: Number(readFileSync(join(folder, "postgres", "postmaster.pid"), "utf8").split("\n")[0]),
    natsPid: nats.pid,
    natsFolder: join(folder, "nats"),
    close: async () => {
      for (const service of processes.toReversed()) await service.stop();
      await infrastructure.close();
      await nats.stop();
      remove();
    },
  };
}

let compiled = false;

/** As in the image: no process compiles at its start what another has compiled before, nor keeps in memory what it took to do so. */
function compileOnce(): void {
  if (!compiled) compile(process.env["NODE_COMPILE_CACHE"] ?? COMPILE_CACHE.NODE_COMPILE_CACHE);
  compiled = true;
}

type User = ServiceName | "countersign";

/** As in production: a user for each service, and one for the process of all of them. */
async function startUsersNats(folder: string): Promise<{ pid: number; urlOf(user: User): string; stop(): Promise<void> }> {
  // A letter first: a number would be read as one.
  const password = `p${randomBytes(24).toString("hex")}`;
  const configFile = join(folder, "nats.conf");
  const passwords = { policy: password, directory: password, approval: password, audit: password, notifier: password, gateway: password };
  writeFileSync(configFile, natsAccounts({ prefix: "cs", ledgers: ["main"] }, { ...passwords, countersign: password }), { mode: 0o600 });
  const server = await startNatsServer({ storeDir: join(folder, "nats"), configFile });
  return { pid: server.pid, urlOf: (user) => server.url.replace("//", `//${user}:${password}@`), stop: () => server.stop() };
}
