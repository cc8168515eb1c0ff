import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { closedLoop } from "../closed-loop.ts";
import { cpuSecondsOf } from "../process-usage.ts";
import { startSystem, type System } from "../system.ts";
import { openWorkloads, type Workloads } from "../workloads.ts";
import { OFF, type Turn } from "./telemetry-summary.ts";

export type Plan = { readonly rounds: number; readonly seconds: number; readonly inFlight: number };

type Contender = { readonly telemetry: string; readonly system: System; readonly workloads: Workloads };

/** Young processes compile what they run: turns of each workload before the first that counts. */
const WARM_TURNS = 4;
/** What an action leaves behind (projections, an export under way) is its own cost. */
const SETTLE_MS = 300;

/**
 * The same system with telemetry off and on, side by side, in turns. Each round goes through all of them and back again, so that a machine that becomes slower prefers none, and begins with
 * another one: whoever is first or last has two turns in a row, the second with warm caches. The second without telemetry shows what two processes differ by that do the same.
 */
export async function compareTelemetry(plan: Plan, onTurn: (turn: Turn) => void): Promise<void> {
  const sink = await startSink();
  const contenders: Contender[] = [];
  try {
    for (const [telemetry, env] of environments(`http://127.0.0.1:${(sink.address() as AddressInfo).port}`)) {
      const system = await startSystem("one-process", env);
      contenders.push({ telemetry, system, workloads: await openWorkloads(system) });
    }
    for (const { workloads } of contenders) {
      await closedLoop(workloads.auto, plan.inFlight, plan.seconds * WARM_TURNS);
      await closedLoop(workloads.reviewed, plan.inFlight, plan.seconds * WARM_TURNS);
    }
    for (let round = 1; round <= plan.rounds; round += 1) {
      for (const workload of ["auto", "reviewed"] as const)
        for (const turn of await thereAndBack(beginningWith((round - 1) % contenders.length, contenders), workload, plan))
          onTurn({ ...turn, round });
    }
  } finally {
    for (const { workloads, system } of contenders) {
      workloads.close();
      await system.close();
    }
    sink.close();
    sink.closeAllConnections();
  }
}

function environments(endpoint: string): readonly (readonly [telemetry: string, env: NodeJS.ProcessEnv])[] {
  const metrics = { COUNTERSIGN_TELEMETRY_PORT: "0" };
  const traces = { ...metrics, OTEL_EXPORTER_OTLP_ENDPOINT: endpoint };
  return [
    [OFF, {}],
    ["off, once more", {}],
    ["metrics", metrics],
    ["one trace in ten", traces],
    ["every trace", { ...traces, OTEL_TRACES_SAMPLER: "parentbased_always_on" }],
  ];
}

function beginningWith<Item>(index: number, items: readonly Item[]): readonly Item[] {
  return [...items.slice(index), ...items.slice(0, index)];
}

/** A collector that throws away what comes. */
function startSink(): Promise<Server> {
  const server = createServer((request, response) => {
    request.resume();
    request.on("end", () => response.writeHead(200, { "content-type": "application/x-protobuf" }).end());
  });
  return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(server)));
}

async function thereAndBack(
  contenders: readonly Contender[],
  workload: "auto" | "reviewed",
  { seconds, inFlight }: Plan,
): Promise<readonly Omit<Turn, "round">[]> {
  const sums = new Map(contenders.map(({ telemetry }) => [telemetry, { telemetry, workload, completed: 0, seconds: 0, cpuSeconds: 0 }]));
  for (const { telemetry, system, workloads } of [...contenders, ...contenders.toReversed()]) {
    const before = cpuSecondsOf(system.pids);
    const result = await closedLoop(workloads[workload], inFlight, seconds / 2);
    await sleep(SETTLE_MS);
    const sum = sums.get(telemetry);
    if (sum === undefined) continue;
    sum.completed += result.completed;
    sum.seconds += result.seconds;
    sum.cpuSeconds += cpuSecondsOf(system.pids) - before;
  }
  return [...sums.values()];
}
