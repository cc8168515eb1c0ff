import { cpus } from "node:os";
import { Command, InvalidArgumentError } from "commander";
import { print, tableLine } from "../table.ts";
import { compare, type Lap } from "./compare.ts";
import type { Contender } from "./contender.ts";
import { summarize, type Summary } from "./summary.ts";
import { PEERS } from "./peers.ts";
import { parseCount, parseAmount } from "../parse-options.ts";

const CONTENDERS: readonly Contender[] = ["one-process", "process-per-service", ...PEERS];

const COLUMNS = [
  ["workload", 17],
  ["in flight", 9],
  ["contender", 19],
  ["per second (min-max)", 22],
  ["p50 ms (min-max)", 24],
  ["ours against it", 15],
  ["signs/s", 8],
] as const;

type Options = {
  readonly only: readonly string[];
  readonly rounds: number;
  readonly seconds: number;
  readonly warm: number;
  readonly json?: boolean;
};

/** `bench peers`: Countersign beside what an engineer would pick instead. */
export function compareCommand(): Command {
  return new Command("peers")
    .description("Ours, Restate, DBOS and a hand-written service side by side in one run, taking turns; median of the rounds.")
    .option("--only <contender...>", `some of ${CONTENDERS.join(", ")}`, [...CONTENDERS])
    .option("--rounds <n>", "turns of each contender in each row", parseCount, 3)
    .option("--seconds <n>", "per turn", parseAmount, 4)
    .option("--warm <seconds>", "of each contender with each lifecycle before the first turn", parseAmount, 20)
    .option("--json", "print JSON")
    .action(run);
}

async function run({ only, rounds, seconds, warm, json = false }: Options): Promise<void> {
  const laps: Lap[] = [];
  await compare({ contenders: only.map(contender), rounds, seconds, warm }, (lap) => {
    laps.push(lap);
    if (!json)
      process.stderr.write(`${lap.round}/${rounds} ${lap.workload} ${lap.inFlight} ${lap.contender}: ${lap.perSecond.toFixed(0)}/s\n`);
  });
  const rows = summarize(laps);
  if (json) {
    const cpu = { model: cpus()[0]?.model ?? "", cores: cpus().length };
    print(JSON.stringify({ node: process.version, cpu, seconds, warm, rounds, rows, laps }, undefined, 2));
    return;
  }
  print(
    tableLine(
      COLUMNS,
      COLUMNS.map(([name]) => name),
    ),
  );
  for (const row of rows) print(tableLine(COLUMNS, cells(row)));
}

function cells(row: Summary): readonly string[] {
  const spread = ({ median, min, max }: Summary["perSecond"], digits: number): string =>
    `${median.toFixed(digits)} (${min.toFixed(digits)}-${max.toFixed(digits)})`;
  return [
    row.workload,
    String(row.inFlight),
    row.contender,
    spread(row.perSecond, 0),
    spread(row.p50, 2),
    row.ratio === undefined ? "" : `${row.ratio.toFixed(2)} x`,
    row.signaturesPerSecond.toFixed(0),
  ];
}

function contender(text: string): Contender {
  const found = CONTENDERS.find((known) => known === text);
  if (found === undefined) throw new InvalidArgumentError(`"${text}" is none of ${CONTENDERS.join(", ")}`);
  return found;
}
