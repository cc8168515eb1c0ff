import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

/** A program of ours as a process, with what it printed so far. */
export type Program = {
  readonly pid: number;
  output(): string;
  signal(name: NodeJS.Signals): void;
  /** Resolves when the output holds `text`, with the milliseconds since the program was started. */
  prints(text: string): Promise<number>;
  /** Resolves to the exit code, or to the signal that ended it, when all its output is there. */
  ended(): Promise<number | NodeJS.Signals>;
};

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** Runs a TypeScript file of the repository as `npm run` would, with no settings but these; or a file from elsewhere, on another Node.js. */
export function runProgram(path: string, env: NodeJS.ProcessEnv, args: readonly string[] = [], node = process.execPath): Program {
  const startedAt = performance.now();
  const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(COUNTERSIGN_|VITEST|NODE_OPTIONS)/.test(name)));
  const child = spawn(node, [resolve(ROOT, path), ...args], {
    env: { NODE_COMPILE_CACHE: `${ROOT}node_modules/.cache/node-compile`, ...clean, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  let outcome: number | NodeJS.Signals | undefined;
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const ended = once(child, "close").then(([code, signal]: (number | NodeJS.Signals | null)[]) => (outcome = code ?? signal ?? 0));
  const { pid } = child;
  if (pid === undefined) throw new Error(`${path} was not started`);
  return {
    pid,
    output: () => output,
    signal: (name) => void child.kill(name),
    prints: async (text) => {
      while (!output.includes(text)) {
        if (outcome !== undefined) throw new Error(`${path} ended with ${outcome} and without "${text}":\n${output}`);
        await sleep(10);
      }
      return performance.now() - startedAt;
    },
    ended: () => ended,
  };
}

/** Command lines of living processes that hold `text`, except our own. */
export function processesWith(text: string): readonly string[] {
  return commandLines().filter((line) => line.includes(text) && !line.includes("ps -ww"));
}

/** A bare Debian has no `ps`, macOS no /proc. */
function commandLines(): readonly string[] {
  if (!existsSync("/proc/self/cmdline")) return execFileSync("ps", ["-ww", "-eo", "pid,args"], { encoding: "utf8" }).split("\n");
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((pid) => `${pid} ${commandLine(pid)}`);
}

/** Empty for one that has ended meanwhile. */
function commandLine(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return "";
  }
}

/** Waits until `holds`; fails with `what` after `limitMs`. */
export async function eventually(what: string, holds: () => boolean | Promise<boolean>, limitMs = 30_000): Promise<void> {
  const end = performance.now() + limitMs;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`it never happened that ${what}`);
    await sleep(25);
  }
}
