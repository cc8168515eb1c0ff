import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient, type CountersignClient } from "@countersign/client";
import { migrate } from "@countersign/database";
import { freePort, startNatsServer, startPostgres, startReaper } from "@countersign/embedded";
import { DEVELOPMENT_PRINCIPALS, type DevelopmentIssuer, type DevelopmentName } from "@countersign/identity";
import { ALL_MIGRATIONS } from "@countersign/server";
import { developmentKeys, SERVICES, startServiceProcess, type ServiceName } from "@countersign/standalone";
import { startTcpProxy, type TcpProxy } from "@countersign/testing/tcp-proxy";
import { settableClock, type Clock } from "./clock.ts";
import { mountDisk, type Disk } from "./disk.ts";
import { startInbox, type Inbox } from "./inbox.ts";
import { Part } from "./part.ts";
import { putPolicyInForce } from "./policy.ts";

export type ClusterOptions = {
  /** Default: a process per service. `countersign` is all of them in one. */
  readonly services?: readonly (ServiceName | "countersign")[];
  /** Of each service. Default 1. */
  readonly instances?: number;
  /** Default false: no small disks, no settable clocks, no network that can be bad; and patience with a busy machine, which is then the only reason to be slow. */
  readonly hostile?: boolean;
  readonly onLog?: (name: string, line: string) => void;
};

/** A process of a service with what can be done to it beside killing it. */
export type Instance = {
  readonly part: Part;
  readonly service: ServiceName | "countersign";
  /** Its ways to Postgres and to NATS; for a gateway its callers' way to it, and none to Postgres. */
  readonly links: Links;
  readonly clock: Clock | undefined;
  /** Where it takes calls; none for services that are not called from outside. */
  readonly door: number | undefined;
  /** Where it says that it lives; none unless hostile. */
  readonly probes: number | undefined;
};

type Links = Readonly<Partial<Record<"postgres" | "nats" | "callers", TcpProxy>>>;

/** A whole deployment of real processes, each of which can be killed and started again at its old address. */
export type Cluster = {
  /** Past every proxy, as superuser. */
  readonly databaseUrl: string;
  /** Past every proxy. */
  readonly natsUrl: string;
  readonly natsFolder: string;
  readonly postgres: Part;
  readonly nats: Part;
  readonly instances: readonly Instance[];
  readonly disks: Readonly<Partial<Record<"postgres" | "nats", Disk>>>;
  /** Receives what the notifier sends. */
  readonly inbox: Inbox;
  /** A client for each gateway. */
  as(who: DevelopmentName): Promise<readonly CountersignClient[]>;
  /** A token that says who calls. */
  tokenOf(who: DevelopmentName): Promise<string>;
  /** From its next start on nats-server is this program; without one, this machine's. */
  useNatsServer(program: string | undefined): void;
  /** One more process of the same service, with an address of its own. */
  startAnother(service: ServiceName | "countersign"): Promise<Instance>;
  close(): Promise<void>;
};

/** Starts PostgreSQL, nats-server and the services. */
export async function startCluster(options: ClusterOptions = {}): Promise<Cluster> {
  const folder = mkdtempSync(join(tmpdir(), "countersign-chaos-"));
  const reaper = startReaper({ folder });
  const endings: (() => void | Promise<void>)[] = [
    () => reaper.dismiss(),
    () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }),
  ];
  const close = async (): Promise<void> => {
    for (const end of endings.splice(0).toReversed()) await end();
  };
  try {
    return { ...(await build(folder, options, endings)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function build(folder: string, options: ClusterOptions, endings: (() => void | Promise<void>)[]): Promise<Omit<Cluster, "close">> {
  const { services = SERVICES, instances: count = 1, hostile = false, onLog = () => {} } = options;
  const inbox = await startInbox();
  endings.push(() => inbox.close());
  const stores = await startStores(folder, hostile, onLog, endings);
  await migrate(stores.databaseUrl, ALL_MIGRATIONS);
  const keys = await developmentKeys(join(folder, "keys"));
  const channelsFile = join(folder, "channels.json");
  writeFileSync(channelsFile, JSON.stringify(inbox.channels));
  const shared = {
    ...keys.env,
    COUNTERSIGN_CHANNELS_FILE: channelsFile,
    COUNTERSIGN_TIMER_INTERVAL: "100ms",
    ...(!hostile && { COUNTERSIGN_ANSWER_TIMEOUT: "60s", COUNTERSIGN_DRAIN_TIME: "60s" }),
  };
  const doors: number[] = [];
  const startOne = async (service: Instance["service"], name: string): Promise<Instance> => {
    const port = await freePort();
    const links: Links = hostile ? await linksOf(stores, service === "gateway" ? port : undefined) : {};
    for (const link of Object.values(links)) endings.push(() => link.close());
    const door = service === "gateway" || service === "countersign" ? (links.callers?.port ?? port) : undefined;
    if (door !== undefined) doors.push(door);
    const clock = hostile ? settableClock(join(folder, `${name}.clock`)) : undefined;
    const probes = hostile ? await freePort() : undefined;
    const env = {
      ...shared,
      ...clock?.env,
      // Probes, and no metrics: nobody reads them here.
      ...(probes !== undefined && { COUNTERSIGN_TELEMETRY_PORT: String(probes), OTEL_SDK_DISABLED: "true" }),
      COUNTERSIGN_DATABASE_URL: at(stores.databaseUrl, links.postgres?.port),
      COUNTERSIGN_NATS_URL: at(stores.natsUrl, links.nats?.port),
      COUNTERSIGN_PORT: String(port),
    };
    const part = new Part(name, () => startServiceProcess(service, env, (line) => onLog(name, line)));
    endings.push(() => part.kill());
    await part.start();
    return { part, service, links, clock, door, probes };
  };
  const instances: Instance[] = [];
  for (const service of services) {
    const names = Array.from({ length: count }, (_, index) => (count === 1 ? service : `${service}-${index + 1}`));
    instances.push(...(await Promise.all(names.map((name) => startOne(service, name)))));
  }
  await putPolicyInForce(`127.0.0.1:${doors[0]}`, keys.issuer);
  const tokenOf = (who: DevelopmentName): Promise<string> => mintFor(keys.issuer, who);
  const as = async (who: DevelopmentName): Promise<readonly CountersignClient[]> => {
    const token = await tokenOf(who);
    const clients = doors.map((door) => createClient({ address: `127.0.0.1:${door}`, token, retry: SHORT }));
    for (const client of clients) endings.push(() => client.close());
    return clients;
  };
  return { ...stores, instances, inbox, as, tokenOf, startAnother: (service) => startOne(service, `another ${service}`) };
}

function mintFor(issuer: DevelopmentIssuer, who: DevelopmentName): Promise<string> {
  const principal = DEVELOPMENT_PRINCIPALS[who];
  return issuer.mint(principal.type === "human" ? { ...principal, mfa: true } : principal);
}

type Stores = Pick<Cluster, "databaseUrl" | "natsUrl" | "natsFolder" | "postgres" | "nats" | "disks" | "useNatsServer"> & {
  readonly ports: { readonly postgres: number; readonly nats: number };
};

async function startStores(
  folder: string,
  hostile: boolean,
  onLog: NonNullable<ClusterOptions["onLog"]>,
  endings: (() => void | Promise<void>)[],
): Promise<Stores> {
  const ports = { postgres: await freePort(), nats: await freePort() };
  const folders = { postgres: join(folder, "postgres"), nats: join(folder, "nats") };
  const disks: Partial<Record<"postgres" | "nats", Disk>> = {};
  for (const name of hostile ? (["postgres", "nats"] as const) : []) {
    const disk = mountDisk(folders[name]);
    if (disk === undefined) continue;
    disks[name] = disk;
    endings.push(() => disk.remove());
  }
  let databaseUrl = "";
  const postgres = new Part("postgres", async () => {
    const server = await startPostgres({
      dataDir: join(folders.postgres, "data"),
      port: ports.postgres,
      onLog: (line) => onLog("postgres", line),
    });
    databaseUrl = server.url;
    return server;
  });
  const natsFolder = join(folders.nats, "store");
  const configFile = join(folder, "nats.conf");
  // A client that does not read for so long is a slow consumer, and is shut out.
  writeFileSync(configFile, `write_deadline: "${hostile ? 2 : 60}s"\n`);
  let binary: { readonly binary: string } | undefined;
  const nats = new Part(
    "nats-server",
    () => startNatsServer({ port: ports.nats, storeDir: natsFolder, configFile, ...binary }),
    NATS_GRACE_MS,
  );
  for (const part of [postgres, nats]) {
    endings.push(() => part.kill());
    await part.start();
  }
  const useNatsServer = (program: string | undefined): void => {
    binary = program === undefined ? undefined : { binary: program };
  };
  return { databaseUrl, natsUrl: `nats://127.0.0.1:${ports.nats}`, natsFolder, postgres, nats, disks, ports, useNatsServer };
}

async function linksOf({ ports }: Stores, door: number | undefined): Promise<Links> {
  const nats = await startTcpProxy(ports.nats);
  return door === undefined ? { nats, postgres: await startTcpProxy(ports.postgres) } : { nats, callers: await startTcpProxy(door) };
}

function at(address: string, port: number | undefined): string {
  if (port === undefined) return address;
  const url = new URL(address);
  url.port = String(port);
  return url.href;
}

/** The callers of these runs have more than one door to try, and do not give up themselves. */
const SHORT = { attempts: 2, baseMs: 50, maxMs: 200 };
/** Before 2.10 it may not end on SIGTERM once its disk was full. */
const NATS_GRACE_MS = 15_000;
