import { cpus } from "node:os";
import { Command } from "commander";
import { closedLoop } from "../closed-loop.ts";
import { layoutOption } from "../layout-option.ts";
import type { Layout } from "../system.ts";
import { print, printTable, type Columns } from "../table.ts";
import { summarizeCurve, type Cpu, type Lap, type Summary } from "./curve-summary.ts";
import { growSystem, type GrownSystem } from "./grown-system.ts";
import { parseCount, parseCounts, parseAmount } from "../parse-options.ts";

const COLUMNS: Columns = [
  ["workload", 9],
  ["in flight", 9],
  ["actions in log", 14],
  ["per second", 10],
  ["p50 ms", 8],
  ["p99 ms", 8],
  ["CPU us: services", 16],
  ["PG", 6],
  ["NATS", 6],
  ["client", 6],
  ["all", 6],
  ["to the smallest: p50", 20],
  ["p99", 5],
  ["CPU", 5],
  ["flat", 4],
];

type Options = {
  readonly actions: readonly number[];
  readonly inFlight: readonly number[];
  readonly seconds: number;
  readonly warm: number;
  readonly rounds: number;
  readonly layout: Layout;
  readonly json?: boolean;
};

/** `bench curve`: what an action costs when many have been before it. */
export function curveCommand(): Command {
  return new Command("curve")
    .description(
      "Latency and CPU of an action by the number in flight and by how many are in the log already; systems side by side, taking turns",
    )
    .option("--actions <n,...>", "in the log; 1000000 takes much longer: see the README", parseCounts, [10_000, 100_000])
    .option("--in-flight <n,...>", "how many at once", parseCounts, [1, 16, 64, 256])
    .option("--seconds <n>", "of a turn", parseAmount, 3)
    .option("--warm <seconds>", "of each workload before the log is filled", parseAmount, 10)
    .option("--rounds <n>", "turns of each", parseCount, 3)
    .addOption(layoutOption("one-process"))
    .option("--json", "print JSON, with all turns")
    .action(async (options: Options) => {
      const { systems, laps } = await measureCurve(options);
      const rows = summarizeCurve(laps);
      if (options.json === true) {
        const cpu = { model: cpus()[0]?.model ?? "", cores: cpus().length };
        print(
          JSON.stringify(
            { node: process.version, cpu, layout: options.layout, seconds: options.seconds, systems, rows, laps },
            undefined,
            2,
          ),
        );
      } else printTable(COLUMNS, rows.map(cells));
    });
}

type Filled = Pick<GrownSystem, "size" | "fillSeconds" | "catchUp">;

async function measureCurve(options: Options): Promise<{ readonly systems: readonly Filled[]; readonly laps: readonly Lap[] }> {
  const systems: GrownSystem[] = [];
  const laps: Lap[] = [];
  const tell = (text: string): void => void (options.json === true || process.stderr.write(`${text}\n`));
  try {
    for (const size of options.actions) {
      const system = await growSystem(options.layout, size, options.warm);
      systems.push(system);
      tell(`${size} actions: filled in ${system.fillSeconds.toFixed(1)} s, followed after ${catchUpText(system)}`);
    }
    for (let round = 1; round <= options.rounds; round += 1) {
      for (const step of stepsOf(options)) for (const system of systems) laps.push(await lap(system, step, round, options.seconds));
      tell(`round ${round} of ${options.rounds}`);
    }
  } finally {
    for (const system of systems.toReversed()) await system.close();
  }
  return { systems: systems.map(({ size, fillSeconds, catchUp }) => ({ size, fillSeconds, catchUp })), laps };
}

type Step = Pick<Lap, "workload" | "inFlight">;

function stepsOf({ inFlight }: Options): readonly Step[] {
  return (["auto", "reviewed"] as const).flatMap((workload) => inFlight.map((each) => ({ workload, inFlight: each })));
}

async function lap(system: GrownSystem, { workload, inFlight }: Step, round: number, seconds: number): Promise<Lap> {
  const { actions, size } = system;
  const before = system.cpu();
  const { completed, perSecond, p50, p99 } = await closedLoop(system.workloads[workload], inFlight, seconds);
  const after = system.cpu();
  system.actions += completed;
  const each = (part: keyof Cpu): number => ((after[part] - before[part]) / completed) * 1e6;
  const cpu = { services: each("services"), postgres: each("postgres"), nats: each("nats"), client: each("client") };
  return { workload, inFlight, size, round, actions, perSecond, p50, p99, cpu };
}

function cells(row: Summary): readonly string[] {
  return [
    row.workload,
    String(row.inFlight),
    String(row.actions),
    row.perSecond.toFixed(0),
    row.p50.toFixed(2),
    row.p99.toFixed(2),
    row.cpu.services.toFixed(0),
    row.cpu.postgres.toFixed(0),
    row.cpu.nats.toFixed(0),
    row.cpu.client.toFixed(0),
    row.cpuAll.toFixed(0),
    row.ratio.p50.toFixed(2),
    row.ratio.p99.toFixed(2),
    row.ratio.cpu.toFixed(2),
    row.flat ? "yes" : "no",
  ];
}

function catchUpText({ catchUp }: GrownSystem): string {
  return Object.entries(catchUp)
    .map(([name, seconds]) => `${name} ${seconds.toFixed(1)} s`)
    .join(", ");
}
