import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { startReaper } from "@countersign/embedded";

/** The services in the order in which they start: whoever is asked starts before whoever asks. */
export const SERVICES = ["policy", "directory", "approval", "audit", "notifier", "gateway"] as const;
export type ServiceName = (typeof SERVICES)[number];

/** Megabytes for young objects. A busy process lets them take two to three times this, by itself Node gives it 64; the last three have little alive at a time. */
const YOUNG_MEGABYTES = { countersign: 32, gateway: 8, approval: 8, audit: 8, policy: 2, directory: 2, notifier: 2 } as const;

/** Far more than any keeps (60 MB): below 2,048 V8 lets a heap double between full collections, above, where Node puts it on most hosts, quadruple. */
const OLD_MEGABYTES = 2000;

/** Where Node keeps what it made of our TypeScript: a start takes half the time, and each process some 17 MB less. Not where others may write. */
export const COMPILE_CACHE = { NODE_COMPILE_CACHE: fileURLToPath(new URL("../node_modules/.cache/compiled", import.meta.url)) };

/** The gateway faces the network and stands on the bus alone: a way to Postgres, and what tells our rows from forged ones, are not in its environment. */
const NOT_FOR_GATEWAY = {
  COUNTERSIGN_DATABASE_URL: undefined,
  COUNTERSIGN_APPEND_KEY_FILE: undefined,
  COUNTERSIGN_APPEND_EARLIER_KEY_FILES: undefined,
} as const;

/** A service (or all of them) running as a process of its own. */
export type ServiceProcess = {
  readonly name: ServiceName | "countersign";
  readonly pid: number;
  /** SIGTERM: drains, then exits. */
  stop(): Promise<void>;
  /** SIGKILL: what a crash does. */
  kill(): Promise<void>;
};

/**
 * Starts one service as a process and resolves when it says that it is ready. `"countersign"` is all of them in one. It ends with this process, however that ends.
 * @param onLog told every line that it prints.
 * @throws Error with what it printed, when it exits before.
 */
export async function startServiceProcess(
  name: ServiceName | "countersign",
  env: NodeJS.ProcessEnv,
  onLog: (line: string) => void = () => {},
): Promise<ServiceProcess> {
  const child = spawn(process.execPath, [...heapOf(name), mainOf(name)], {
    env: { ...COMPILE_CACHE, ...process.env, ...env, ...(name === "gateway" ? NOT_FOR_GATEWAY : {}) },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const reaper = startReaper({ pid: child.pid, signal: "TERM" });
  child.once("exit", () => reaper.dismiss());
  await untilReady(name, child, onLog);
  const { pid } = child;
  if (pid === undefined) throw new Error(`${name} has no process id`);
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill(signal);
    await exited;
  };
  return { name, pid, stop: () => end("SIGTERM"), kill: () => end("SIGKILL") };
}

/** A process per service, each with what is its own. When one does not start, the others are stopped again. */
export async function startServiceProcesses(envOf: (name: ServiceName) => NodeJS.ProcessEnv): Promise<readonly ServiceProcess[]> {
  const started: ServiceProcess[] = [];
  try {
    for (const name of SERVICES) started.push(await startServiceProcess(name, envOf(name)));
    return started;
  } catch (error) {
    await Promise.all(started.map((service) => service.stop()));
    throw error;
  }
}

/** What they cost and give: test/bench/findings/memory.md. A container's limit makes V8 stricter by itself (deploy/capacity.md). */
function heapOf(name: ServiceProcess["name"]): readonly string[] {
  const young = `--max-semi-space-size=${YOUNG_MEGABYTES[name]}`;
  return name === "countersign" ? [young] : [young, `--max-old-space-size=${OLD_MEGABYTES}`];
}

function mainOf(name: ServiceName | "countersign"): string {
  const path = name === "countersign" ? "../../server/src/serve.ts" : `../../../services/${name}/src/main.ts`;
  return fileURLToPath(new URL(path, import.meta.url));
}

async function untilReady(name: string, child: ChildProcess, onLog: (line: string) => void): Promise<void> {
  const lines: string[] = [];
  await new Promise<void>((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`${name} exited with ${code} before it was ready:\n${lines.join("\n")}`)));
    child.stderr?.on("data", (chunk: Buffer) => {
      for (const line of chunk.toString("utf8").split("\n").filter(Boolean)) {
        onLog(line);
        lines.push(line);
        if (lines.length > 20) lines.shift();
        if (line.includes(`${name} is ready`)) resolve();
      }
    });
  });
}
