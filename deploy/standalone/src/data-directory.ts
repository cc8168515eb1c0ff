import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** What a running `npm start` says about itself in its data directory. */
export type Instance = { readonly pid: number; readonly address: string };

/** Another `npm start` works on this data directory. */
export class AlreadyRunningError extends Error {
  override readonly name = "AlreadyRunningError";
}

/** Exclusive use of the data directory until `release`. */
export type DataDirectory = {
  readonly path: string;
  file(name: string): string;
  announce(instance: Instance): void;
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
    announce: (instance) => writeFileSync(lock, JSON.stringify(instance)),
    release: () => rmSync(lock, { force: true }),
  };
}

/** The instance that runs on a data directory, if one does. */
export function runningInstance(path: string): Instance | undefined {
  const instance = readInstance(join(path, "instance.json"));
  return instance !== undefined && isAlive(instance.pid) ? instance : undefined;
}

function claim(lock: string, path: string): void {
  const mine = JSON.stringify({ pid: process.pid, address: "" });
  for (let attempt = 0; attempt < 2; attempt += 1) {
    try {
      // Exclusive creation: of two that start at the same moment, one gets EEXIST.
      writeFileSync(lock, mine, { flag: "wx" });
      return;
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error;
    }
    const holder = readInstance(lock);
    if (holder !== undefined && holder.pid !== process.pid && isAlive(holder.pid)) {
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
    return { pid: value.pid, address: "address" in value && typeof value.address === "string" ? value.address : "" };
  } catch {
    // No file, or one that was cut off by a crash: nobody holds it.
    return undefined;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
