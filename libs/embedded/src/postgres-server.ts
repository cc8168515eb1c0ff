import { spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { access, chmod, chown, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "./free-port.ts";
import { postgresBinaries } from "./postgres-binaries.ts";
import { postgresOwner } from "./postgres-user.ts";
import { startReaper } from "./reaper.ts";

export type PostgresOptions = {
  /** Holds the cluster; made and initialised when it is missing, kept when the server stops. Its password is in `<dataDir>.password`. */
  readonly dataDir: string;
  /** Loopback port; default: a free one. */
  readonly port?: number;
  /** More server settings, such as `{ shared_buffers: "128MB" }`. */
  readonly settings?: Readonly<Record<string, string>>;
  readonly onLog?: (line: string) => void;
};

/** A PostgreSQL server that ends with this process, however this process ends. */
export type PostgresServer = {
  /** Superuser on the database `postgres`. */
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Fast shutdown: open transactions are rolled back, the cluster is clean. */
  stop(): Promise<void>;
  /** `kill -9` of the postmaster, as a crash would; resolves when it is gone. Start again on the same `dataDir` to recover. */
  kill(): Promise<void>;
};

/**
 * Starts PostgreSQL on a loopback port, with fsync on and without a unix socket.
 * @throws Error when the port is taken, or another server has used the folder for longer than a shutdown takes.
 */
export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  const dataDir = resolve(options.dataDir);
  const binaries = await postgresBinaries();
  const password = await initialise(binaries.initdb, dataDir);
  const port = options.port ?? (await freePort());
  const child = await untilReady(() => launch(binaries.postgres, { dataDir, port, settings: options.settings ?? {} }), options.onLog);
  const { pid } = child;
  if (pid === undefined) throw new Error("PostgreSQL has no process id");
  const reaper = startReaper({ pid, signal: "INT" });
  const gone = once(child, "exit");
  const end = async (signal: "SIGINT" | "SIGKILL") => {
    child.kill(signal);
    if (child.exitCode === null && child.signalCode === null) await gone;
    reaper.dismiss();
  };
  return { url: `postgres://postgres:${password}@127.0.0.1:${port}/postgres`, port, pid, stop: () => end("SIGINT"), kill: () => end("SIGKILL") };
}

async function initialise(initdb: string, dataDir: string): Promise<string> {
  const passwordFile = `${dataDir}.password`;
  if (await exists(`${dataDir}/PG_VERSION`)) return (await readFile(passwordFile, "utf8")).trim();
  await rm(dataDir, { recursive: true, force: true });
  await mkdir(dirname(dataDir), { recursive: true });
  await mkdir(dataDir, { mode: 0o700 });
  const owner = postgresOwner();
  const password = randomBytes(18).toString("base64url");
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
  await chmod(passwordFile, 0o600);
  if (owner.uid !== undefined && owner.gid !== undefined) {
    await chown(dataDir, owner.uid, owner.gid);
    await chown(passwordFile, owner.uid, owner.gid);
  }
  const child = spawn(initdb, [
    `--pgdata=${dataDir}`, "--username=postgres", `--pwfile=${passwordFile}`, "--auth=scram-sha-256",
    "--encoding=UTF8", "--locale=C", "--data-checksums", "--no-instructions",
  ], { ...owner, stdio: ["ignore", "ignore", "pipe"] });
  const lines = collect(child);
  const [code] = await once(child, "exit");
  if (code !== 0) {
    await rm(dataDir, { recursive: true, force: true });
    throw new Error(`initdb failed: ${lines.join(" ")}`);
  }
  return password;
}

function launch(postgres: string, server: { dataDir: string; port: number; settings: Readonly<Record<string, string>> }): ChildProcess {
  const settings = {
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    port: String(server.port),
    fsync: "on",
    synchronous_commit: "on",
    lc_messages: "C",
    ...server.settings,
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  // A group of its own: Ctrl-C in a terminal must reach the services first, which then stop the server.
  return spawn(postgres, ["-D", server.dataDir, ...flags], { ...postgresOwner(), detached: true, stdio: ["ignore", "ignore", "pipe"] });
}

/** A server that was killed a moment ago may still be on its way out: try for a while. */
async function untilReady(start: () => ChildProcess, onLog?: (line: string) => void): Promise<ChildProcess> {
  for (let attempt = 0; ; attempt += 1) {
    const child = start();
    const lines = collect(child, onLog);
    if (await ready(child)) return child;
    const text = lines.join("\n");
    const busy = /lock file "postmaster.pid" already exists|pre-existing shared memory block/.test(text);
    if (!busy || attempt === 50) throw new Error(`PostgreSQL did not start: ${text}`);
    await sleep(200);
  }
}

function ready(child: ChildProcess): Promise<boolean> {
  return new Promise((settle, reject) => {
    child.once("error", reject);
    child.once("exit", () => settle(false));
    child.stderr?.on("data", (chunk: Buffer) => {
      if (chunk.includes("database system is ready to accept connections")) settle(true);
    });
  });
}

/** Keeps the last lines, for the message of an error. */
function collect(child: ChildProcess, onLog?: (line: string) => void): string[] {
  const lines: string[] = [];
  child.stderr?.on("data", (chunk: Buffer) => {
    for (const line of chunk.toString("utf8").split("\n").filter(Boolean)) {
      onLog?.(line);
      lines.push(line);
      if (lines.length > 20) lines.shift();
    }
  });
  return lines;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(() => true, () => false);
}
