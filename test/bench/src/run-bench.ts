import { signaturesPerSecond } from "./calibration.ts";
import { closedLoop, type LoopResult, type Workload } from "./closed-loop.ts";
import { usageByRole, type Role, type Usage } from "./process-usage.ts";
import { startSystem, type Layout } from "./system.ts";
import { openWorkloads, type Workloads } from "./workloads.ts";

/** One row of the result. */
export type Row = LoopResult & {
  readonly layout: Layout;
  readonly workload: "auto" | "reviewed" | "vote to requester";
  /** Cores busy, by role. */
  readonly cores: Readonly<Record<Role, number>>;
  /** CPU milliseconds of a complete action over all processes, the client included. */
  readonly cpuMsPerAction: number;
  /** How fast the machine was just before: see calibration.ts. */
  readonly signaturesPerSecond: number;
  /** Of all Countersign processes together, after the run. */
  readonly residentMegabytes: number;
};

export type Plan = {
  readonly layouts: readonly Layout[];
  readonly inFlight: readonly number[];
  readonly seconds: number;
  /** Seconds of each of the two lifecycles before the first row. */
  readonly warm: number;
};

/** Runs the plan, telling each row as soon as it is there. */
export async function runBench(plan: Plan, onRow: (row: Row) => void): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const layout of plan.layouts) {
    const system = await startSystem(layout);
    const workloads = await openWorkloads(system);
    try {
      // Young processes run interpreted code, and go on compiling for half a minute.
      await closedLoop(workloads.auto, 64, plan.warm);
      await closedLoop(workloads.reviewed, 64, plan.warm);
      for (const step of stepsOf(plan, workloads)) {
        const row = await measure(layout, step, plan.seconds);
        rows.push(row);
        onRow(row);
      }
    } finally {
      workloads.close();
      await system.close();
    }
  }
  return rows;
}

type Step = { readonly workload: Row["workload"]; readonly run: Workload; readonly inFlight: number };

function stepsOf(plan: Plan, workloads: Workloads): readonly Step[] {
  return [
    ...plan.inFlight.map((inFlight): Step => ({ workload: "auto", run: workloads.auto, inFlight })),
    ...plan.inFlight.map((inFlight): Step => ({ workload: "reviewed", run: workloads.reviewed, inFlight })),
    { workload: "vote to requester", run: workloads.voteToRequester, inFlight: 1 },
  ];
}

async function measure(layout: Layout, step: Step, seconds: number): Promise<Row> {
  const speed = signaturesPerSecond();
  const before = usageByRole(process.pid);
  const result = await closedLoop(step.run, step.inFlight, seconds);
  const after = usageByRole(process.pid);
  const cores = coresBetween(before, after, result.seconds);
  const busy = Object.values(cores).reduce((sum, share) => sum + share, 0);
  return {
    ...result,
    layout,
    workload: step.workload,
    cores,
    cpuMsPerAction: (busy * result.seconds * 1000) / result.completed,
    signaturesPerSecond: speed,
    residentMegabytes: after.countersign.residentMegabytes,
  };
}

function coresBetween(
  before: Readonly<Record<Role, Usage>>,
  after: Readonly<Record<Role, Usage>>,
  seconds: number,
): Readonly<Record<Role, number>> {
  const share = (role: Role): number => (after[role].cpuSeconds - before[role].cpuSeconds) / seconds;
  return { countersign: share("countersign"), postgres: share("postgres"), nats: share("nats"), client: share("client") };
}
