import { spawn, type ChildProcess } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { freePort } from "./free-port.ts";
import { natsBinary } from "./nats-binary.ts";
import { startReaper } from "./reaper.ts";

export type NatsServerOptions = {
  /** Loopback port; absent: a free one. */
  readonly port?: number;
  /** Where JetStream keeps its streams; made if missing. */
  readonly storeDir: string;
  /** Default true. */
  readonly jetstream?: boolean;
  /** A configuration file, for what flags do not say. */
  readonly configFile?: string;
  /** Default: from PATH, else from the usual folders. */
  readonly binary?: string;
};

/** A private nats-server of this process. */
export type NatsServer = {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Shuts it down in order. */
  stop(): Promise<void>;
  /** As a crash would: SIGKILL. */
  kill(): Promise<void>;
};

/**
 * Starts nats-server on a loopback port and waits until it takes clients. It ends with this process, however that ends.
 * @throws NatsServerMissing when there is no binary; Error with the server's own last lines when it does not start.
 */
export async function startNatsServer(options: NatsServerOptions): Promise<NatsServer> {
  await mkdir(options.storeDir, { recursive: true });
  const binary = options.binary ?? natsBinary();
  // A free port can be taken by another process before the server has it; a port that was asked for cannot be another one.
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await startOnce(binary, options.port ?? (await freePort()), options);
    } catch (error) {
      if (options.port !== undefined || attempt === 3) throw error;
    }
  }
}

async function startOnce(binary: string, port: number, options: NatsServerOptions): Promise<NatsServer> {
  const flags = [
    ...(options.configFile === undefined ? [] : ["-c", options.configFile]),
    "-a",
    "127.0.0.1",
    "-p",
    String(port),
    ...(options.jetstream === false ? [] : ["-js", "-sd", options.storeDir]),
  ];
  // In a group of its own, so that Ctrl-C reaches the services first and they can say goodbye.
  const child = spawn(binary, flags, { detached: true, stdio: ["ignore", "ignore", "pipe"] });
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  await ready(child, port);
  const { pid } = child;
  if (pid === undefined) throw new Error("nats-server has no process id");
  const reaper = startReaper({ pid, signal: "TERM" });
  void gone.then(() => reaper.dismiss());
  const end = async (signal: "SIGTERM" | "SIGKILL") => {
    child.kill(signal);
    await gone;
  };
  return { url: `nats://127.0.0.1:${port}`, port, pid, stop: () => end("SIGTERM"), kill: () => end("SIGKILL") };
}

function ready(child: ChildProcess, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    let output = "";
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      reject(new Error(`nats-server was not ready within ${READY_MS / 1000} s: ${output.trim()}`));
    }, READY_MS);
    const settle = (outcome: () => void) => {
      clearTimeout(timer);
      outcome();
    };
    child.once("error", (cause) => settle(() => reject(new Error("nats-server cannot be executed", { cause }))));
    child.once("exit", (code) =>
      settle(() => reject(new Error(`nats-server did not start on port ${port} (exit code ${code}): ${output.trim()}`))),
    );
    // The pipe is read for ever: a full one would stop the server.
    child.stderr?.on("data", (chunk: Buffer) => {
      output = (output + chunk.toString()).slice(-2000);
      if (output.includes("Server is ready")) settle(resolve);
    });
  });
}

const READY_MS = 10_000;
