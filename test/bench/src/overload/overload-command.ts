import { Command } from "commander";
import { closedLoop, percentile } from "../closed-loop.ts";
import { residentMegabytesOf } from "../process-usage.ts";
import { startSystem, type System } from "../system.ts";
import { print, tableLine, type Columns } from "../table.ts";
import { openLoop, type OpenResult, type Work } from "./open-loop.ts";
import { autoAction, clientOf, copyPolicy } from "./tenants.ts";
import { parseCount, parseAmount } from "../parse-options.ts";

const COLUMNS: Columns = [
  ["phase", 26],
  ["asked/s", 8],
  ["done/s", 8],
  ["of capacity", 11],
  ["refused", 8],
  ["p50 ms", 8],
  ["p99 ms", 8],
  ["MB", 6],
];

type Options = { readonly seconds: number; readonly rounds: number; readonly times: number; readonly inFlight: number };

/** `bench overload`: what happens when more is asked than can be done. */
export function overloadCommand(): Command {
  return new Command("overload")
    .description(
      "Capacity by a closed loop, then several times that by an open loop: goodput, latency of what is accepted, memory, recovery, and a quiet tenant beside",
    )
    .option("--seconds <n>", "of each phase", parseAmount, 5)
    .option("--rounds <n>", "of all phases", parseCount, 3)
    .option("--times <n>", "how many times capacity", parseAmount, 3)
    .option("--in-flight <n>", "actions at the same time for capacity", parseCount, 64)
    .action(async (options: Options) => {
      const system = await startSystem("one-process");
      try {
        await measure(system, options);
      } finally {
        await system.close();
      }
    });
}

async function measure(system: System, options: Options): Promise<void> {
  await copyPolicy(system, "quiet");
  const noisy = await clientOf(system, "crm-agent");
  const quiet = await clientOf(system, "crm-agent", "quiet");
  const contenders = { ask: () => autoAction(noisy), askQuietly: () => autoAction(quiet) };
  try {
    await closedLoop(timed(contenders.ask), options.inFlight, 2 * options.seconds);
    print(
      tableLine(
        COLUMNS,
        COLUMNS.map(([name]) => name),
      ),
    );
    for (let round = 0; round < options.rounds; round += 1) await runRound(system, contenders, options);
  } finally {
    noisy.close();
    quiet.close();
  }
}

const timed = (work: Work) => async (): Promise<number> => (await work()).tookMs;

type Contenders = { readonly ask: Work; readonly askQuietly: Work };

/** Each round finds capacity anew: on a shared machine it is another one a minute later. */
async function runRound(system: System, { ask, askQuietly }: Contenders, { seconds, times, inFlight }: Options): Promise<void> {
  const megabytes = (): number => residentMegabytesOf(system.pids);
  const before = await closedLoop(timed(ask), inFlight, seconds);
  const peak = peakOf(megabytes);
  const rate = before.perSecond * times;
  const overload = await openLoop(ask, rate, seconds);
  const most = peak();
  const recovery = await recover(ask, before.p99);
  const after = await closedLoop(timed(ask), inFlight, seconds);
  const capacity = (before.perSecond + after.perSecond) / 2;
  const row = (phase: string, asked: number, result: OpenResult, mb: number): void => {
    print(tableLine(COLUMNS, cells(phase, asked, result, capacity, mb)));
  };
  print(
    tableLine(COLUMNS, [
      `closed loop, ${inFlight}`,
      "",
      capacity.toFixed(0),
      "1.00",
      "",
      after.p50.toFixed(0),
      after.p99.toFixed(0),
      megabytes().toFixed(0),
    ]),
  );
  row(`${times} times`, rate, overload, most);
  // What a quiet tenant asks for: a twentieth of capacity. Once with the system for itself, once beside the noisy one.
  const little = capacity / 20;
  row("quiet tenant alone", little, await openLoop(askQuietly, little, seconds), megabytes());
  const [loud, beside] = await Promise.all([openLoop(ask, capacity * times, seconds), openLoop(askQuietly, little, seconds)]);
  row("noisy tenant", capacity * times, loud, megabytes());
  row("quiet tenant beside it", little, beside, megabytes());
  print(`  recovered within ${recovery.toFixed(1)} s; refusals that say when to come back: ${loud.withHint} of ${loud.refused}`);
}

function cells(phase: string, asked: number, result: OpenResult, capacity: number, mb: number): readonly string[] {
  return [
    phase,
    asked.toFixed(0),
    result.perSecond.toFixed(0),
    (result.perSecond / capacity).toFixed(2),
    `${((result.refused / result.begun) * 100).toFixed(0)}%`,
    percentile(result.latencies, 0.5).toFixed(0),
    percentile(result.latencies, 0.99).toFixed(0),
    mb.toFixed(0),
  ];
}

const RECOVERED = 20;

/** Seconds until so many actions in a row are as fast as they were before. */
async function recover(work: Work, fastEnoughMs: number): Promise<number> {
  const start = performance.now();
  let begunAt = start;
  for (let inRow = 0; inRow < RECOVERED;) {
    if (inRow === 0) begunAt = performance.now();
    const tookMs = await timed(work)().catch(() => Infinity);
    inRow = tookMs <= fastEnoughMs ? inRow + 1 : 0;
  }
  return (begunAt - start) / 1000;
}

/** The most memory that was seen until the answer is asked for. */
function peakOf(megabytes: () => number): () => number {
  let most = megabytes();
  const timer = setInterval(() => (most = Math.max(most, megabytes())), 500);
  return () => {
    clearInterval(timer);
    return Math.max(most, megabytes());
  };
}
