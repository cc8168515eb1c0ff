import { execFileSync } from "node:child_process";
import { chownSync, copyFileSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openDatabase } from "@countersign/database";
import { freePort, startPostgres } from "@countersign/embedded";
import { childProcesses, type ChildProcesses, type Endings } from "./child-processes.ts";
import { readOnly } from "./read-only.ts";
import { readComposeFile, readEnvFile, type ComposeService } from "./compose-file.ts";

const COMPOSE = "deploy/compose";
const NATS = ["nats-1", "nats-2", "nats-3"] as const;

/** deploy/compose as processes of this machine: its settings, its secrets, its TLS, its users; only hosts, ports and paths are others. */
export type Composed = {
  readonly secrets: string;
  /** Ports of the front door. */
  readonly doors: readonly number[];
  /** Services that may write nothing but their volumes. */
  readonly readOnly: readonly string[];
  /** As the owner. */
  readonly databaseUrl: string;
  /** Where a nats-server tells of itself. */
  monitor(name: string): string;
  /** kill -9. */
  kill(process: string): Promise<void>;
  close(): Promise<void>;
};

/** @param issuers contents of issuers.yaml. */
export async function startComposed(folder: string, issuers: string): Promise<Composed> {
  const endings: Endings = [];
  const close = async (): Promise<void> => {
    for (const end of endings.splice(0).toReversed()) await end();
  };
  try {
    return { ...(await build(folder, issuers, endings)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function build(folder: string, issuers: string, endings: Endings): Promise<Omit<Composed, "close">> {
  const secrets = join(folder, "secrets");
  execFileSync(`${COMPOSE}/prepare.sh`, [secrets], { stdio: "inherit" });
  writeFileSync(join(folder, "issuers.yaml"), issuers);
  const processes = childProcesses(endings);
  const ports = await startStores(folder, secrets, processes, endings);
  const places = { folder, secrets, ports };
  const composed = readComposeFile(`${COMPOSE}/compose.yaml`);
  const migrate = composed.get("migrate");
  if (migrate === undefined) throw new Error("compose.yaml has no migrate");
  const migrating = environmentOf(migrate, places);
  execFileSync(process.execPath, [...migrate.command], { env: migrating, stdio: ["ignore", "ignore", "inherit"] });
  const services = [...composed].filter(([, { command }]) => command[0]?.startsWith("services/"));
  const doors: number[] = [];
  for (const [name, service] of services) {
    // One host has one port of each number: a second gateway is the test's own.
    for (let number = 1; number <= (name === "gateway" ? 2 : service.replicas); number += 1) {
      const door = await freePort();
      if (name === "gateway") doors.push(door);
      await startService(processes, `${name}-${number}`, service, door, places);
    }
  }
  return {
    secrets,
    doors,
    readOnly: services.flatMap(([name, service]) => (service.readOnly ? [name] : [])),
    databaseUrl: migrating["COUNTERSIGN_DATABASE_URL"] ?? "",
    monitor: (name) => `http://127.0.0.1:${ports.get(`${name} monitor`)}`,
    kill: processes.kill,
  };
}

/** PostgreSQL and three nats-servers, and where they listen. */
async function startStores(
  folder: string,
  secrets: string,
  processes: ChildProcesses,
  endings: Endings,
): Promise<ReadonlyMap<string, number>> {
  const ports = new Map<string, number>();
  for (const name of NATS)
    ports
      .set(name, await freePort())
      .set(`${name} route`, await freePort())
      .set(`${name} monitor`, await freePort());
  const postgres = await startPostgres({ dataDir: join(folder, "postgres") });
  endings.push(() => postgres.stop());
  ports.set("postgres", postgres.port);
  await preparePostgres(postgres.url, folder, secrets);
  for (const name of NATS) {
    const args = ["-c", writeNatsConfig(folder, secrets, name, ports)];
    const env = { ...readEnvFile(join(secrets, "nats.env")), NATS_NAME: name };
    await processes.start({ name, program: "nats-server", args, env, ready: "Listening for client" });
  }
  return ports;
}

async function startService(processes: ChildProcesses, name: string, service: ComposeService, door: number, places: Places): Promise<void> {
  const own = {
    COUNTERSIGN_PORT: String(door),
    COUNTERSIGN_TELEMETRY_PORT: "0",
    COUNTERSIGN_TILES_PORT: "0",
    COUNTERSIGN_NOTIFIER_LISTEN: "127.0.0.1:0",
  };
  const node = { program: process.execPath, args: ["--max-semi-space-size=2", ...service.command] };
  const volumes = service.writable.map((volume) => join(places.folder, volume));
  for (const volume of volumes) mkdirSync(volume, { recursive: true });
  const command = service.readOnly ? readOnly(node, volumes) : node;
  await processes.start({ name, ...command, env: { ...environmentOf(service, places), ...own }, ready: "is ready" });
}

function environmentOf(service: ComposeService, places: Places): NodeJS.ProcessEnv {
  const files = service.envFiles.map((file) => readEnvFile(file.replace(/^.*\/secrets\//, `${places.secrets}/`)));
  const written = [...files, service.environment].flatMap((settings) => Object.entries(settings));
  return Object.fromEntries(written.map(([name, value]) => [name, here(value, service, places)]));
}

type Places = { readonly folder: string; readonly secrets: string; readonly ports: ReadonlyMap<string, number> };

/** A value of a setting, with this machine's hosts, ports and paths in place of the containers'. */
function here(value: string, service: ComposeService, { folder, secrets, ports }: Places): string {
  let text = value
    .replaceAll(/@(postgres|nats-\d):\d+/g, (_all, host: string) => `@localhost:${ports.get(host)}`)
    .replaceAll("0.0.0.0", "127.0.0.1");
  for (const [target, source] of service.mounts) {
    const path = source.includes("/secrets/")
      ? source.replace(/^.*\/secrets/, secrets)
      : source.endsWith("/issuers.yaml")
        ? join(folder, "issuers.yaml")
        : source;
    text = text.replaceAll(target, path.startsWith("/") ? path : join(folder, path));
  }
  return text;
}

/** What the image's entry point and the first start in a container do. */
async function preparePostgres(url: string, folder: string, secrets: string): Promise<void> {
  const { uid, gid } = statSync(join(folder, "postgres"));
  const key = join(folder, "server.key");
  const certificate = join(folder, "server.pem");
  for (const [from, to] of [
    ["postgres.key", key],
    ["postgres.pem", certificate],
  ] as const) {
    copyFileSync(join(secrets, "tls", from), to);
    chownSync(to, uid, gid);
  }
  execFileSync("chmod", ["0600", key]);
  const password = readEnvFile(join(secrets, "postgres.env"))["POSTGRES_PASSWORD"];
  const database = openDatabase({ url, role: null, maxConnections: 1 });
  try {
    await database.pool.query(`alter system set ssl_cert_file = '${certificate}'`);
    await database.pool.query(`alter system set ssl_key_file = '${key}'`);
    await database.pool.query("alter system set ssl = on");
    await database.pool.query("select pg_reload_conf()");
    await database.pool.query(`create role countersign superuser login password '${password}'`);
    await database.pool.query("create database countersign owner countersign");
    await database.pool.query(readFileSync(join(secrets, "logins.sql"), "utf8"));
  } finally {
    await database.close();
  }
}

function writeNatsConfig(folder: string, secrets: string, name: string, ports: ReadonlyMap<string, number>): string {
  const own = join(folder, name);
  mkdirSync(own, { recursive: true });
  copyFileSync("deploy/examples/nats-users.conf", join(own, "nats-users.conf"));
  const text = readFileSync(`${COMPOSE}/nats.conf`, "utf8")
    .replaceAll("/run/tls", join(secrets, "tls"))
    .replace("/data", join(own, "data"))
    .replace("127.0.0.1:8222", `127.0.0.1:${ports.get(`${name} monitor`)}`)
    .replace("0.0.0.0:4222", `127.0.0.1:${ports.get(name)}`)
    .replace("0.0.0.0:6222", `127.0.0.1:${ports.get(`${name} route`)}`)
    .replaceAll(/nats:\/\/(nats-\d):6222/g, (_all, host: string) => `nats://localhost:${ports.get(`${host} route`)}`);
  writeFileSync(join(own, "nats.conf"), text);
  return join(own, "nats.conf");
}
