import { cpus } from "node:os";
import { Command, InvalidArgumentError } from "commander";
import { runBench, type Plan, type Row } from "./run-bench.ts";
import type { Layout } from "./system.ts";

const LAYOUTS: readonly Layout[] = ["one-process", "process-per-service"];

const program = new Command("bench")
  .description(
    "Complete actions per second: (auto) request, verdict, grant, redeem; (reviewed) request, wait, approve, redeem. Everything included, durable commits on.",
  )
  .option("--layout <layout>", `${LAYOUTS.join(" or ")}; default: both`, parseLayout)
  .option("--in-flight <n...>", "how many at once", ["1", "16", "64", "256"])
  .option("--seconds <n>", "per row, and twice for warming up", Number, 5)
  .option("--json", "print JSON")
  .parse();

const options = program.opts<{ layout?: Layout; inFlight: string[]; seconds: number; json?: boolean }>();
const plan: Plan = {
  layouts: options.layout === undefined ? LAYOUTS : [options.layout],
  inFlight: options.inFlight.map(Number),
  seconds: options.seconds,
};

const WIDTHS = [19, 17, 9, 10, 8, 8, 6, 15, 4, 4, 6, 11, 8];
const print = (text: string): void => void process.stdout.write(`${text}\n`);
if (options.json !== true) print(header());
const rows = await runBench(plan, (row) => {
  if (options.json !== true) print(line(row));
});
if (options.json === true)
  print(
    JSON.stringify({ node: process.version, cpu: cpus()[0]?.model ?? "", cores: cpus().length, seconds: plan.seconds, rows }, undefined, 2),
  );

function header(): string {
  const columns = [
    "layout",
    "workload",
    "in flight",
    "per second",
    "p50 ms",
    "p99 ms",
    "CPU ms",
    "cores: services",
    "PG",
    "NATS",
    "client",
    "services MB",
    "signs/s",
  ];
  return columns.map((column, index) => column.padEnd(WIDTHS[index] ?? 0)).join("  ");
}

function line(row: Row): string {
  const cells = [
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
  return cells.map((cell, index) => cell.padEnd(WIDTHS[index] ?? 0)).join("  ");
}

function parseLayout(text: string): Layout {
  const found = LAYOUTS.find((layout) => layout === text);
  if (found === undefined) throw new InvalidArgumentError(`must be ${LAYOUTS.join(" or ")}`);
  return found;
}
