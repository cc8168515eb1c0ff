import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient, type CountersignClient } from "@countersign/client";
import { migrate } from "@countersign/database";
import { freePort, startNatsServer, startPostgres, startReaper } from "@countersign/embedded";
import { DEVELOPMENT_PRINCIPALS, type DevelopmentName } from "@countersign/identity";
import {
  ALL_MIGRATIONS,
  developmentKeys,
  ensureStarterPolicy,
  SERVICES,
  startServiceProcess,
  type ServiceName,
} from "@countersign/standalone";
import { startInbox, type Inbox } from "./inbox.ts";

/** Whom `kill -9` hits. `jetstream` is nats-server, with its directory wiped before it comes back. */
export type Victim = ServiceName | "countersign" | "nats-server" | "postgres" | "jetstream";

/** A whole deployment of real processes, each of which can be killed and started again at its old address. */
export type Cluster = {
  readonly databaseUrl: string;
  readonly natsUrl: string;
  /** Receives what the notifier sends. */
  readonly inbox: Inbox;
  as(who: DevelopmentName): Promise<CountersignClient>;
  /** SIGKILL; resolves when the process is gone. */
  kill(victim: Victim): Promise<void>;
  /** Resolves when it says that it is ready. */
  restart(victim: Victim): Promise<void>;
  close(): Promise<void>;
};

/** What can be killed and started again. */
type Part = { start(): Promise<void>; kill(): Promise<void> };

/** Starts PostgreSQL, nats-server and the services: one process each, or `countersign`, which is all services in one. */
export async function startCluster(services: readonly (ServiceName | "countersign")[] = SERVICES): Promise<Cluster> {
  const folder = mkdtempSync(join(tmpdir(), "countersign-crash-"));
  const reaper = startReaper({ folder });
  const endings: (() => void | Promise<void>)[] = [
    () => reaper.dismiss(),
    () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }),
  ];
  const close = async (): Promise<void> => {
    for (const end of endings.splice(0).toReversed()) await end();
  };
  const add = async (start: () => Promise<Killable>): Promise<Part> => {
    const part = respawning(start);
    await part.start();
    endings.push(() => part.kill());
    return part;
  };
  try {
    const ports = { postgres: await freePort(), nats: await freePort(), gateway: await freePort() };
    const inbox = await startInbox();
    endings.push(() => inbox.close());
    let databaseUrl = "";
    const postgres = await add(async () => {
      const server = await startPostgres({ dataDir: join(folder, "postgres"), port: ports.postgres });
      databaseUrl = server.url;
      return server;
    });
    const storeDir = join(folder, "nats");
    const nats = await add(() => startNatsServer({ port: ports.nats, storeDir }));
    const wiped: Part = {
      kill: () => nats.kill(),
      start: async () => {
        rmSync(storeDir, { recursive: true });
        await nats.start();
      },
    };
    await migrate(databaseUrl, ALL_MIGRATIONS);
    const keys = await developmentKeys(join(folder, "keys"));
    const channelsFile = join(folder, "channels.json");
    writeFileSync(channelsFile, JSON.stringify(inbox.channels));
    const natsUrl = `nats://127.0.0.1:${ports.nats}`;
    const address = `127.0.0.1:${ports.gateway}`;
    const env = {
      ...keys.env,
      COUNTERSIGN_DATABASE_URL: databaseUrl,
      COUNTERSIGN_NATS_URL: natsUrl,
      COUNTERSIGN_PORT: String(ports.gateway),
      COUNTERSIGN_CHANNELS_FILE: channelsFile,
      COUNTERSIGN_TIMER_INTERVAL: "100ms",
    };
    const parts = new Map<Victim, Part>([
      ["postgres", postgres],
      ["nats-server", nats],
      ["jetstream", wiped],
    ]);
    for (const name of services) parts.set(name, await add(() => startServiceProcess(name, env)));
    await ensureStarterPolicy(address, keys.issuer);
    const partOf = (victim: Victim): Part => {
      const part = parts.get(victim);
      if (part === undefined) throw new Error(`${victim} is no part of this layout`);
      return part;
    };
    return {
      databaseUrl,
      natsUrl,
      inbox,
      as: async (who) => {
        const client = createClient({ address, token: await keys.issuer.mint(DEVELOPMENT_PRINCIPALS[who]), retry: PATIENT });
        endings.push(() => client.close());
        return client;
      },
      kill: (victim) => partOf(victim).kill(),
      restart: (victim) => partOf(victim).start(),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

type Killable = { readonly pid: number; kill(): Promise<void> };

function respawning(spawn: () => Promise<Killable>): Part {
  let running: Killable | undefined;
  return {
    start: async () => {
      const started = await spawn();
      // Whatever happens to the test, nothing stays behind.
      const reaper = startReaper({ pid: started.pid, signal: "TERM" });
      running = {
        pid: started.pid,
        kill: async () => {
          await started.kill();
          reaper.dismiss();
        },
      };
    },
    kill: async () => {
      const victim = running;
      running = undefined;
      await victim?.kill();
    },
  };
}

/** Outlasts a restart on a busy machine. */
const PATIENT = { attempts: 60, baseMs: 50, maxMs: 500 };
