import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { migrate, openDatabase } from "@countersign/database";
import { startPostgres } from "@countersign/embedded";
import { ALL_MIGRATIONS } from "@countersign/server";
import { Command, InvalidArgumentError } from "commander";
import { postgresCpuSeconds } from "../process-usage.ts";
import { STEPS, type MeasuredStep, type Step, type StepResult } from "./steps.ts";

/** `bench log`: what reading the whole ledger costs. */
export function logCommand(): Command {
  return new Command("log")
    .description(
      "Fill a ledger, seal it, read it whole (replay by COPY, decoded and checked; rebuild of the action projection; fsck), export and verify it. Each in a process of its own.",
    )
    .option("--events <n>", "how many", parseEvents, 200_000)
    .option("--repeat <n>", "runs of each step; all are shown", parseEvents, 1)
    .option("--json", "print JSON")
    .action(async (options: { events: number; repeat: number; json?: boolean }) => {
      const print = (text: string): void => void process.stdout.write(`${text}\n`);
      // Actions are complete, 64 at a time.
      const events = Math.ceil(options.events / BLOCK) * BLOCK;
      if (options.json !== true) print(line(["step", "seconds", "events/s", "CPU s", "PG CPU s", "peak MB", ""]));
      const results = await runSteps(events, options.repeat, (result) => {
        if (options.json !== true) print(row(result));
      });
      if (options.json === true)
        print(JSON.stringify({ node: process.version, cpu: cpus()[0]?.model ?? "", cores: cpus().length, events, results }, undefined, 2));
    });
}

const BLOCK = 64 * 8;

async function runSteps(events: number, repeat: number, onResult: (result: MeasuredStep) => void): Promise<readonly MeasuredStep[]> {
  const folder = mkdtempSync(join(tmpdir(), "countersign-bench-log-"));
  const postgres = await startPostgres({ dataDir: join(folder, "postgres"), settings: { shared_buffers: "128MB", max_wal_size: "2GB" } });
  try {
    await migrate(postgres.localUrl, ALL_MIGRATIONS);
    const results: MeasuredStep[] = [];
    for (const step of STEPS) {
      // The first rebuild meets an empty table, so that fsck afterwards has one to compare with.
      for (let run = 0; run < (ONCE.has(step) ? 1 : repeat); run += 1) {
        const result = await runStep(step, [postgres.localUrl, String(events), folder]);
        // As autovacuum would, sooner or later.
        if (step === "fill") await analyze(postgres.localUrl);
        results.push(result);
        onResult(result);
      }
    }
    return results;
  } finally {
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @throws when the step finds a flaw, too */
async function runStep(step: Step, parameters: readonly string[]): Promise<MeasuredStep> {
  const before = postgresCpuSeconds(process.pid);
  const { stdout } = await promisify(execFile)(process.execPath, [STEP, step, ...parameters]);
  return { ...(JSON.parse(stdout) as StepResult), postgresCpuSeconds: postgresCpuSeconds(process.pid) - before };
}

async function analyze(url: string): Promise<void> {
  const owner = openDatabase({ url, role: null, settings: { statement_timeout: "0" } });
  await owner.pool.query("vacuum analyze event_log.event");
  await owner.close();
}

/** What a second run would find done. */
const ONCE: ReadonlySet<string> = new Set(["fill", "seal"]);
const STEP = new URL("log-step.ts", import.meta.url).pathname;
const WIDTHS = [8, 9, 10, 8, 8, 8];

function row({ step, seconds, perSecond, cpuSeconds, postgresCpuSeconds: postgres, peakMegabytes, note }: MeasuredStep): string {
  return line([step, seconds.toFixed(1), perSecond.toFixed(0), cpuSeconds.toFixed(1), postgres.toFixed(1), peakMegabytes.toFixed(0), note]);
}

function line(cells: readonly string[]): string {
  return cells.map((cell, index) => cell.padEnd(WIDTHS[index] ?? 0)).join("  ");
}

function parseEvents(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > 100_000_000) throw new InvalidArgumentError("must be a whole number");
  return count;
}
