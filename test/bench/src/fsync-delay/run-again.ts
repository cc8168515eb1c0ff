import { spawnSync, type SpawnSyncReturns } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { print } from "../table.ts";
import { withoutDelay } from "./delay.ts";
import { probe, type Probe } from "./probe.ts";
import { temporaryFolder } from "../temporary-folder.ts";

/** What the delay did, as measured. */
type Evidence = {
  readonly milliseconds: number;
  readonly without: Probe;
  readonly with: Probe;
  /** How many calls waited, by program. */
  readonly delayedCalls: Readonly<Record<string, number>>;
};

/**
 * Runs this very command again, so that each fsync and fdatasync of it and of all that it starts takes `micros` longer, whoever calls. Measures first that it does, with
 * and without. Returns the exit code.
 * @throws Error when there is no compiler, or the kernel does not let us
 */
export async function runDelayed(micros: number, args: readonly string[]): Promise<number> {
  const { path: folder, remove } = temporaryFolder("slow-fsync");
  try {
    const slow = compile(folder);
    const run = (program: readonly string[], output: "pipe" | "inherit"): SpawnSyncReturns<string> =>
      spawnSync(slow, [String(micros), join(folder, "calls.json"), process.execPath, ...program], {
        stdio: ["inherit", output, "inherit"],
        encoding: "utf8",
        maxBuffer: 64 * 1024 * 1024,
      });
    const without = await probe();
    const probed = run([PROBE], "pipe");
    if (probed.status !== 0) throw new Error("fsync cannot be slowed down here: see the line above");
    const evidence = { milliseconds: micros / 1000, without, with: JSON.parse(probed.stdout) as Probe };
    const json = args.includes("--json");
    if (!json) print(header(evidence));
    const done = run([MAIN, ...withoutDelay(args)], json ? "pipe" : "inherit");
    const delayedCalls = JSON.parse(readFileSync(join(folder, "calls.json"), "utf8")) as Evidence["delayedCalls"];
    if (!json) print(`calls that waited: ${callsText(delayedCalls)}`);
    else if (done.status === 0) print(withEvidence(done.stdout, { ...evidence, delayedCalls }));
    return done.status ?? 1;
  } finally {
    remove();
  }
}

function compile(folder: string): string {
  const program = join(folder, "slow-fsync");
  const compiled = spawnSync("cc", ["-O2", "-o", program, SOURCE], { stdio: ["ignore", "ignore", "pipe"], encoding: "utf8" });
  if (compiled.error !== undefined) throw new Error("--fsync-delay needs a C compiler: apt-get install gcc libc6-dev");
  if (compiled.status !== 0)
    throw new Error(`slow-fsync.c does not compile (apt-get install gcc libc6-dev; Linux 5.5 or newer): ${compiled.stderr}`);
  return program;
}

function header({ milliseconds, without, with: slowed }: Omit<Evidence, "delayedCalls">): string {
  const change = (before: number, after: number): string => `${before.toFixed(3)} to ${after.toFixed(3)} ms`;
  return (
    `${milliseconds} ms more in every fsync and fdatasync of every process; alone, median: ` +
    `fdatasync ${change(without.fdatasyncMs, slowed.fdatasyncMs)}, commit of one row ${change(without.commitMs, slowed.commitMs)}`
  );
}

function callsText(calls: Evidence["delayedCalls"]): string {
  return Object.entries({ "nats-server": 0, ...calls })
    .map(([program, count]) => `${program} ${count}`)
    .join(", ");
}

function withEvidence(output: string, fsyncDelay: Evidence): string {
  return JSON.stringify({ fsyncDelay, ...(JSON.parse(output) as object) }, undefined, 2);
}

const SOURCE = fileURLToPath(new URL("slow-fsync.c", import.meta.url));
const PROBE = fileURLToPath(new URL("probe.ts", import.meta.url));
const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));
