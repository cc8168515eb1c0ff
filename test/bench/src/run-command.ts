import { cpus } from "node:os";
import { Command } from "commander";
import { LAYOUTS, layoutOption } from "./layout-option.ts";
import { runBench, type Row } from "./run-bench.ts";
import type { Layout } from "./system.ts";
import { print, tableLine } from "./table.ts";
import { parseCounts, parseAmount } from "./parse-options.ts";

const COLUMNS = [
  ["layout", 19],
  ["workload", 17],
  ["in flight", 9],
  ["per second", 10],
  ["p50 ms", 8],
  ["p99 ms", 8],
  ["CPU ms", 6],
  ["cores: services", 15],
  ["PG", 4],
  ["NATS", 4],
  ["client", 6],
  ["services MB", 11],
  ["signs/s", 8],
] as const;

type Options = {
  readonly layout?: Layout;
  readonly inFlight: readonly number[];
  readonly seconds: number;
  readonly warm: number;
  readonly json?: boolean;
};

/** `bench`: Countersign alone, every row of the documented method. */
export function runCommand(): Command {
  return new Command("run")
    .description("Complete actions per second: (auto) request, verdict, grant, redeem; (reviewed) request, wait, approve, redeem.")
    .addOption(layoutOption())
    .option("--in-flight <n,...>", "how many at once", parseCounts, [1, 16, 64, 256])
    .option("--seconds <n>", "per row", parseAmount, 5)
    .option("--warm <seconds>", "with each lifecycle before the first row of a layout", parseAmount, 20)
    .option("--json", "print JSON")
    .action(run);
}

async function run({ layout, inFlight, seconds, warm, json = false }: Options): Promise<void> {
  const plan = { layouts: layout === undefined ? LAYOUTS : [layout], inFlight, seconds, warm };
  if (!json)
    print(
      tableLine(
        COLUMNS,
        COLUMNS.map(([name]) => name),
      ),
    );
  const rows = await runBench(plan, (row) => {
    if (!json) print(tableLine(COLUMNS, cells(row)));
  });
  const cpu = { model: cpus()[0]?.model ?? "", cores: cpus().length };
  if (json) print(JSON.stringify({ node: process.version, cpu, seconds, warm, rows }, undefined, 2));
}

function cells(row: Row): readonly string[] {
  return [
    row.layout,
    row.workload,
    String(row.inFlight),
    row.perSecond.toFixed(0),
    row.p50.toFixed(2),
    row.p99.toFixed(2),
    row.cpuMsPerAction.toFixed(2),
    row.cores.countersign.toFixed(2),
    row.cores.postgres.toFixed(2),
    row.cores.nats.toFixed(2),
    row.cores.client.toFixed(2),
    row.residentMegabytes.toFixed(0),
    row.signaturesPerSecond.toFixed(0),
  ];
}
