import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The variable that names where services note their heaps. */
export const HEAP_FOLDER = "COUNTERSIGN_BENCH_HEAPS";
export const NOTE_MS = 2000;

/** What a service needs in its environment to note its heap there. */
export function heapNotesEnv(folder: string): NodeJS.ProcessEnv {
  const reporter = fileURLToPath(new URL("heap-reporter.ts", import.meta.url));
  return { [HEAP_FOLDER]: folder, NODE_OPTIONS: `${process.env["NODE_OPTIONS"] ?? ""} --import=${reporter}`.trim() };
}

/** The smallest heap of a process that garbage collections left in the last `milliseconds`, in megabytes; NaN where it noted none. */
export function heapMegabytes(folder: string, pid: number, milliseconds: number): number {
  const file = join(folder, String(pid));
  const notes = existsSync(file)
    ? readFileSync(file, "utf8")
        .trimEnd()
        .split("\n")
        .slice(-Math.ceil(milliseconds / NOTE_MS))
    : [];
  return notes.length === 0 ? Number.NaN : Math.min(...notes.map(Number)) / 1024 / 1024;
}
