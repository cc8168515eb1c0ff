import { Command } from "commander";
import type { Spread } from "../peers/summary.ts";
import { print, printTable, type Columns } from "../table.ts";
import { compareTelemetry, type Plan } from "./compare-telemetry.ts";
import { costs, type Cost, type Turn } from "./telemetry-summary.ts";
import { parseCount, parseAmount } from "../parse-options.ts";

const COLUMNS: Columns = [
  ["workload", 10],
  ["telemetry", 18],
  ["CPU us per action", 18],
  ["of off (min-max)", 24],
  ["per second", 10],
  ["of off (min-max)", 24],
];

/** `bench telemetry`: the same system with telemetry off and on, side by side, in turns. */
export function telemetryCommand(): Command {
  return new Command("telemetry")
    .description("What telemetry costs: CPU of the services per complete action and rate, off and on in turns; median of the rounds.")
    .option("--seconds <n>", "for each in each round", parseAmount, 3)
    .option("--rounds <n>", "rounds of each workload", parseCount, 8)
    .option("--in-flight <n>", "actions at the same time", parseCount, 16)
    .option("--json", "print JSON")
    .action(run);
}

async function run({ json = false, ...plan }: Plan & { readonly json?: boolean }): Promise<void> {
  const turns: Turn[] = [];
  await compareTelemetry(plan, (turn) => {
    turns.push(turn);
    if (!json) process.stderr.write(`${turn.round}/${plan.rounds} ${turn.workload} ${turn.telemetry}: ${turn.completed} actions\n`);
  });
  const rows = costs(turns);
  if (json) print(JSON.stringify({ node: process.version, ...plan, rows, turns }, undefined, 2));
  else printTable(COLUMNS, rows.map(cells));
}

function cells(cost: Cost): readonly string[] {
  const ratio = ({ median, min, max }: Spread): string => `${median.toFixed(3)} (${min.toFixed(2)}-${max.toFixed(2)})`;
  return [
    cost.workload,
    cost.telemetry,
    cost.microsPerAction.median.toFixed(0),
    ratio(cost.microsOfOff),
    cost.perSecond.median.toFixed(0),
    ratio(cost.perSecondOfOff),
  ];
}
