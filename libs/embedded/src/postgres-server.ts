import { spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { access, chown, mkdir, readFile, readdir, rename, rm, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort } from "./free-port.ts";
import { postgresBinaries } from "./postgres-binaries.ts";
import { unprivileged, type Unprivileged } from "./postgres-user.ts";
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
  /** The same through a unix socket in the data directory, for programs on this machine: fewer and cheaper system calls than TCP, which it is where the path is too long. */
  readonly localUrl: string;
  readonly port: number;
  readonly pid: number;
  /** Fast shutdown: open transactions are rolled back, the cluster is clean. */
  stop(): Promise<void>;
  /** `kill -9` of the postmaster, as a crash would; resolves when it is gone. Start again on the same `dataDir` to recover. */
  kill(): Promise<void>;
};

/**
 * Starts PostgreSQL on a loopback port and a unix socket in its data directory, with fsync on.
 * @throws Error when the port is taken, or another server has used the folder for longer than a shutdown takes.
 */
export async function startPostgres(options: PostgresOptions): Promise<PostgresServer> {
  const dataDir = resolve(options.dataDir);
  const binaries = await postgresBinaries();
  if (!(await exists(`${dataDir}/PG_VERSION`))) await initialise(binaries.initdb, dataDir);
  const password = (await readFile(passwordFile(dataDir), "utf8")).trim();
  const { child, port } = await untilReady(options, (free) =>
    launch(binaries.postgres, { dataDir, port: free, settings: options.settings ?? {} }),
  );
  const { pid } = child;
  if (pid === undefined) throw new Error("PostgreSQL has no process id");
  const reaper = startReaper({ pid, signal: "INT" });
  const gone = once(child, "exit").then(() => reaper.dismiss());
  const end = async (signal: "SIGINT" | "SIGKILL") => {
    child.kill(signal);
    await gone;
  };
  const url = `postgres://postgres:${password}@127.0.0.1:${port}/postgres`;
  return {
    url,
    localUrl: socketFits(dataDir) ? `${url}?host=${encodeURIComponent(dataDir)}` : url,
    port,
    pid,
    stop: () => end("SIGINT"),
    kill: () => end("SIGKILL"),
  };
}

/** In a folder beside, which takes the name when all is there: nobody finds half a cluster after a crash. */
async function initialise(initdb: string, dataDir: string): Promise<void> {
  const found = await readdir(dataDir).catch(() => []);
  if (found.length > 0) throw new Error(`${dataDir} holds something else than a PostgreSQL cluster`);
  const unfinished = `${dataDir}.unfinished`;
  await rm(unfinished, { recursive: true, force: true });
  await mkdir(unfinished, { recursive: true, mode: 0o700 });
  const account = unprivileged([initdb, unfinished]);
  const secret = passwordFile(dataDir);
  await writeFile(secret, `${randomBytes(18).toString("base64url")}\n`, { mode: 0o600 });
  if (account.owner !== undefined) {
    for (const path of [unfinished, secret]) await chown(path, account.owner.uid, account.owner.gid);
  }
  const child = spawnAs(account, initdb, [
    `--pgdata=${unfinished}`,
    "--username=postgres",
    `--pwfile=${secret}`,
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C",
    "--data-checksums",
    "--no-instructions",
  ]);
  const lines = collect(child);
  const code = await new Promise((settle) => child.once("close", settle));
  if (code !== 0) throw new Error(`initdb failed: ${lines.join(" ")}`);
  await rename(unfinished, dataDir);
}

/** `sun_path` holds 108 bytes on Linux and 104 on macOS. */
function socketFits(dataDir: string): boolean {
  return Buffer.byteLength(`${dataDir}/.s.PGSQL.65535.lock`) < 104 && !/[,\s]/.test(dataDir);
}

function passwordFile(dataDir: string): string {
  return `${dataDir}.password`;
}

function launch(postgres: string, server: { dataDir: string; port: number; settings: Readonly<Record<string, string>> }): ChildProcess {
  const settings = {
    listen_addresses: "127.0.0.1",
    unix_socket_directories: socketFits(server.dataDir) ? server.dataDir : "",
    port: String(server.port),
    fsync: "on",
    synchronous_commit: "on",
    lc_messages: "C",
    ...server.settings,
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  return spawnAs(unprivileged([postgres, server.dataDir]), postgres, ["-D", server.dataDir, ...flags]);
}

function spawnAs({ prefix, owner }: Unprivileged, program: string, flags: readonly string[]): ChildProcess {
  const [command = program, ...rest] = [...prefix, program, ...flags];
  // A group of its own: Ctrl-C in a terminal must reach the services first, which then stop the server.
  return spawn(command, rest, { ...(prefix.length === 0 ? owner : {}), detached: true, stdio: ["ignore", "ignore", "pipe"] });
}

/** A server that was killed a moment ago may still be on its way out, and a free port can be taken by somebody else: try for a while. */
async function untilReady(options: PostgresOptions, start: (port: number) => ChildProcess): Promise<{ child: ChildProcess; port: number }> {
  for (let attempt = 0; ; attempt += 1) {
    const port = options.port ?? (await freePort());
    const child = start(port);
    const lines = collect(child, options.onLog);
    if (await ready(child)) return { child, port };
    const text = lines.join("\n");
    const folderBusy = /lock file "postmaster.pid" already exists|pre-existing shared memory block/.test(text);
    const portTaken = options.port === undefined && text.includes("Address already in use");
    if (!(folderBusy || portTaken) || attempt === 50) throw new Error(`PostgreSQL did not start: ${text}`);
    await sleep(200);
  }
}

function ready(child: ChildProcess): Promise<boolean> {
  return new Promise((settle, reject) => {
    child.once("error", reject);
    child.once("close", () => settle(false));
    child.stderr?.on("data", (chunk: Buffer) => {
      if (/database system is ready to accept (read-only )?connections/.test(chunk.toString("utf8"))) settle(true);
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
  return access(path).then(
    () => true,
    () => false,
  );
}
