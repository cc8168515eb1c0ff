import { execFile } from "node:child_process";
import { cpus } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { migrate, openDatabase } from "@countersign/database";
import { startPostgres } from "@countersign/embedded";
import { ALL_MIGRATIONS } from "@countersign/server";
import { Command, InvalidArgumentError } from "commander";
import { postgresCpuSeconds } from "../process-usage.ts";
import { STEPS, type MeasuredStep, type Step, type StepResult } from "./steps.ts";
import { temporaryFolder } from "../temporary-folder.ts";

/** `bench log`: what reading the whole ledger costs. */
export function logCommand(): Command {
  return new Command("log")
    .description(
      "Fill a ledger, seal it, read it whole (replay by COPY, decoded and checked; rebuild of the action projection; fsck), export and verify it. Each in a process of its own.",
    )
    .option("--events <n>", "how many", parseEvents, 200_000)
    .option("--votes <n...>", "one vote in so many events; 0: only automatic actions; each mix in a ledger of its own", parseVotes, [])
    .option("--repeat <n>", "runs of each step; all are shown", parseEvents, 1)
    .option("--json", "print JSON")
    .action(async ({ events, votes, repeat, json }: { events: number; votes: readonly number[]; repeat: number; json?: boolean }) => {
      const print = (text: string): void => void process.stdout.write(`${text}\n`);
      if (json !== true) print(line(["votes", "step", "seconds", "events/s", "CPU s", "us/event", "PG CPU s", "peak MB", ""]));
      const results: MeasuredStep[] = [];
      for (const mix of votes.length === 0 ? MIXES : votes) {
        await runSteps({ events, votes: mix, repeat }, (result) => {
          results.push(result);
          if (json !== true) print(row(result));
        });
      }
      if (json === true)
        print(JSON.stringify({ node: process.version, cpu: cpus()[0]?.model ?? "", cores: cpus().length, results }, undefined, 2));
    });
}

/** A ledger of reviewed actions, and one of automatic ones. */
const MIXES = [8, 0];

type Run = { readonly events: number; readonly votes: number; readonly repeat: number };

async function runSteps({ events, votes, repeat }: Run, onResult: (result: MeasuredStep) => void): Promise<void> {
  const { path: folder, remove } = temporaryFolder("bench-log");
  const postgres = await startPostgres({ dataDir: join(folder, "postgres"), settings: { shared_buffers: "128MB", max_wal_size: "2GB" } });
  try {
    await migrate(postgres.localUrl, ALL_MIGRATIONS);
    let filled = events;
    for (const step of STEPS) {
      // The first rebuild meets an empty table, so that fsck afterwards has one to compare with.
      for (let run = 0; run < (ONCE.has(step) ? 1 : repeat); run += 1) {
        const result = await runStep(step, [postgres.localUrl, String(filled), folder, String(votes)]);
        if (step === "fill") {
          // Actions are complete.
          filled = result.events;
          // As autovacuum would, sooner or later.
          await analyze(postgres.localUrl);
        }
        onResult({ ...result, votes });
      }
    }
  } finally {
    await postgres.stop();
    remove();
  }
}

/** @throws when the step finds a flaw, too */
async function runStep(step: Step, parameters: readonly string[]): Promise<Omit<MeasuredStep, "votes">> {
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
const WIDTHS = [5, 8, 9, 10, 8, 8, 8, 8];

function row({
  votes,
  step,
  events,
  seconds,
  perSecond,
  cpuSeconds,
  postgresCpuSeconds: postgres,
  peakMegabytes,
  note,
}: MeasuredStep): string {
  const figures = [seconds.toFixed(1), perSecond.toFixed(0), cpuSeconds.toFixed(1), ((cpuSeconds * 1e6) / events).toFixed(0)];
  return line([votes === 0 ? "none" : `1:${votes}`, step, ...figures, postgres.toFixed(1), peakMegabytes.toFixed(0), note]);
}

function line(cells: readonly string[]): string {
  return cells.map((cell, index) => cell.padEnd(WIDTHS[index] ?? 0)).join("  ");
}

function parseEvents(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 1 || count > 100_000_000) throw new InvalidArgumentError("must be a whole number");
  return count;
}

function parseVotes(text: string, before: readonly number[]): readonly number[] {
  const votes = Number(text);
  if (!Number.isInteger(votes) || (votes !== 0 && votes < 8))
    throw new InvalidArgumentError("must be 0, or 8 and more: a reviewed action has eight events");
  return [...before, votes];
}
