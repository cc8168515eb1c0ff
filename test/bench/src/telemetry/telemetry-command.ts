import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { Command } from "commander";
import { closedLoop } from "../closed-loop.ts";
import { cpuSecondsOf } from "../process-usage.ts";
import { startSystem, type System } from "../system.ts";
import { print, tableLine, type Columns } from "../table.ts";
import { openWorkloads, type Workloads } from "../workloads.ts";

type Contender = { readonly name: string; readonly system: System; readonly workloads: Workloads };

const COLUMNS: Columns = [
  ["telemetry", 20],
  ["workload", 10],
  ["CPU us per action", 18],
  ["of off", 8],
  ["per second", 10],
];

/** `bench telemetry`: the same system with telemetry off and on, side by side, in turns. */
export function telemetryCommand(): Command {
  return new Command("telemetry")
    .description("What telemetry costs: CPU of the services per complete action, off and on in turns")
    .option("--seconds <n>", "of each turn", Number, 4)
    .option("--rounds <n>", "turns of each", Number, 5)
    .option("--in-flight <n>", "actions at the same time", Number, 16)
    .action(async ({ seconds, rounds, inFlight }: { seconds: number; rounds: number; inFlight: number }) => {
      const sink = await startSink();
      const endpoint = `http://127.0.0.1:${(sink.address() as AddressInfo).port}`;
      const scraped = { COUNTERSIGN_TELEMETRY_PORT: "0" };
      const plans: readonly (readonly [string, NodeJS.ProcessEnv])[] = [
        ["off", {}],
        ["metrics", scraped],
        ["metrics and traces", { ...scraped, OTEL_EXPORTER_OTLP_ENDPOINT: endpoint }],
        ["one trace in ten", { ...scraped, OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, ...ONE_IN_TEN }],
      ];
      const contenders: Contender[] = [];
      try {
        for (const [name, env] of plans) {
          const system = await startSystem("one-process", env);
          contenders.push({ name, system, workloads: await openWorkloads(system) });
        }
        await compare(contenders, { seconds, rounds, inFlight });
      } finally {
        for (const { workloads, system } of contenders) {
          workloads.close();
          await system.close();
        }
        sink.close();
        sink.closeAllConnections();
      }
    });
}

const ONE_IN_TEN = { OTEL_TRACES_SAMPLER: "parentbased_traceidratio", OTEL_TRACES_SAMPLER_ARG: "0.1" };

/** A collector that throws away what comes. */
function startSink(): Promise<Server> {
  const server = createServer((request, response) => {
    request.resume();
    request.on("end", () => response.writeHead(200, { "content-type": "application/x-protobuf" }).end());
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

type Turns = { readonly seconds: number; readonly rounds: number; readonly inFlight: number };

async function compare(contenders: readonly Contender[], { seconds, rounds, inFlight }: Turns): Promise<void> {
  // Young processes compile what they run: warm up as long as is measured.
  for (const { workloads } of contenders) {
    await closedLoop(workloads.auto, inFlight, seconds * 2);
    await closedLoop(workloads.reviewed, inFlight, seconds * 2);
  }
  print(
    tableLine(
      COLUMNS,
      COLUMNS.map(([name]) => name),
    ),
  );
  for (const workload of ["auto", "reviewed"] as const) {
    const costs = new Map<string, { readonly micros: number; readonly perSecond: number }[]>();
    for (let round = 0; round < rounds; round += 1) {
      for (const { name, system, workloads } of contenders) {
        const before = cpuSecondsOf(system.pids);
        const { completed, perSecond } = await closedLoop(workloads[workload], inFlight, seconds);
        const micros = ((cpuSecondsOf(system.pids) - before) / completed) * 1e6;
        costs.set(name, [...(costs.get(name) ?? []), { micros, perSecond }]);
      }
    }
    const off = costs.get("off") ?? [];
    for (const [name, turns] of costs) {
      // Within a round, so that a slow phase of the machine meets both.
      const ratio = median(turns.map(({ micros }, round) => micros / (off[round]?.micros ?? Number.NaN)));
      const cells = [
        median(turns.map(({ micros }) => micros)).toFixed(0),
        ratio.toFixed(3),
        median(turns.map((turn) => turn.perSecond)).toFixed(0),
      ];
      print(tableLine(COLUMNS, [name, workload, ...cells]));
    }
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
