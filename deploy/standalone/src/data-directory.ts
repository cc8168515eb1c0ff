import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { isRunning, processStat } from "@countersign/embedded";

/** What a running `npm start` says about itself in its data directory. */
type Instance = {
  readonly pid: number;
  /** Empty until it serves. */
  readonly address: string;
  /** When the process began, where the system says so: after a restart of the machine its id may belong to another one. */
  readonly began: string;
};

/** Another `npm start` works on this data directory. */
export class AlreadyRunningError extends Error {
  override readonly name = "AlreadyRunningError";
}

/** Exclusive use of the data directory until `release`. */
export type DataDirectory = {
  readonly path: string;
  file(name: string): string;
  /** Lets the command line client find the front door. */
  announce(address: string): void;
  release(): void;
};

/**
 * Takes the data directory. A lock left by a killed run is taken over.
 * @throws AlreadyRunningError when a living process holds it.
 */
export function takeDataDirectory(path: string): DataDirectory {
  mkdirSync(path, { recursive: true, mode: 0o755 });
  const lock = join(path, "instance.json");
  claim(lock, path);
  return {
    path,
    file: (name) => join(path, name),
    announce: (address) => writeFileSync(lock, JSON.stringify({ ...me(), address })),
    release: () => {
      if (readInstance(lock)?.pid === process.pid) rmSync(lock, { force: true });
    },
  };
}

function claim(lock: string, path: string): void {
  const mine = JSON.stringify(me());
  for (let attempt = 0; attempt < 2; attempt += 1) {
    try {
      // Exclusive creation: of two that start at the same moment, one gets EEXIST.
      writeFileSync(lock, mine, { flag: "wx" });
      return;
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    }
    const holder = readInstance(lock);
    if (holder !== undefined && holder.pid !== process.pid && runs(holder)) {
      const where = holder.address === "" ? "is starting" : `serves gRPC at ${holder.address}`;
      throw new AlreadyRunningError(
        `Countersign already runs on ${path} (process ${holder.pid}, ${where}). Use it, stop it with Ctrl-C, or set COUNTERSIGN_DATA_DIR to another directory.`,
      );
    }
    rmSync(lock, { force: true });
  }
  throw new AlreadyRunningError(`another start is taking ${path} at this moment; try again`);
}

function readInstance(lock: string): Instance | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(lock, "utf8"));
    if (typeof value !== "object" || value === null || !("pid" in value) || typeof value.pid !== "number") return undefined;
    const text = (name: "address" | "began"): string => (name in value ? String(value[name as keyof typeof value]) : "");
    return { pid: value.pid, address: text("address"), began: text("began") };
  } catch {
    // No file, or one that was cut off by a crash: nobody holds it.
    return undefined;
  }
}

function runs({ pid, began }: Instance): boolean {
  return isRunning(pid) && (began === "" || began === beginOf(pid));
}

const me = (): Instance => ({ pid: process.pid, address: "", began: beginOf(process.pid) });

/** The boot of the machine and the tick at which the process began; empty where there is no /proc. */
function beginOf(pid: number): string {
  try {
    const boot = readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
    return `${boot} ${processStat(pid)[START_TIME] ?? ""}`;
  } catch {
    return "";
  }
}

/** Of `processStat`: proc_pid_stat(5) counts it as the 22nd field. */
const START_TIME = 19;
