import { spawn } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { freePort } from "./free-port.ts";
import { startReaper } from "./reaper.ts";

export type NatsServerOptions = { readonly port?: number; readonly storeDir: string; readonly jetstream?: boolean };

export type NatsServer = { readonly url: string; readonly port: number; readonly pid: number; stop(): Promise<void>; kill(): Promise<void> };

/** Starts nats-server from PATH on a loopback port; it ends with this process. */
export async function startNatsServer(options: NatsServerOptions): Promise<NatsServer> {
  const port = options.port ?? (await freePort());
  await mkdir(options.storeDir, { recursive: true });
  const flags = ["-a", "127.0.0.1", "-p", String(port), ...(options.jetstream === false ? [] : ["-js", "-sd", options.storeDir])];
  const child = spawn("nats-server", flags, { detached: true, stdio: ["ignore", "ignore", "pipe"] });
  const gone = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  await new Promise<void>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", () => reject(new Error("nats-server did not start")));
    child.stderr.on("data", (chunk: Buffer) => {
      if (chunk.includes("Server is ready")) resolve();
    });
  });
  const { pid } = child;
  if (pid === undefined) throw new Error("nats-server has no process id");
  const reaper = startReaper({ pid, signal: "TERM" });
  const end = async (signal: "SIGTERM" | "SIGKILL") => {
    child.kill(signal);
    await gone;
    reaper.dismiss();
  };
  return { url: `nats://127.0.0.1:${port}`, port, pid, stop: () => end("SIGTERM"), kill: () => end("SIGKILL") };
}
