import { DEVELOPMENT_PRINCIPALS } from "@countersign/identity";
import { closedLoop } from "../closed-loop.ts";
import { fillLedger } from "../log/fill-ledger.ts";
import { cpuSecondsOf, postgresCpuSeconds } from "../process-usage.ts";
import { startSystem, type Layout, type System } from "../system.ts";
import { openWorkloads, type Workloads } from "../workloads.ts";
import { caughtUp, type CatchUp } from "./caught-up.ts";
import type { Cpu } from "./curve-summary.ts";

/** A warm system with so many actions in its log, and everything that follows the log at its end. */
export type GrownSystem = {
  /** How many actions were wanted. */
  readonly size: number;
  /** How many there are by now. */
  actions: number;
  readonly workloads: Workloads;
  readonly fillSeconds: number;
  readonly catchUp: CatchUp;
  /** CPU seconds so far, by part. */
  cpu(): Cpu;
  close(): Promise<void>;
};

/** Half of the filled actions had a vote: seven events on average. */
const EVENTS_PER_ACTION = 7;
const ONE_VOTE_IN = 14;
const { tenant: TENANT } = DEVELOPMENT_PRINCIPALS["crm-agent"];

/** Starts a system, lets it work until it is warm, then appends what is missing beneath it and waits until it has followed. */
export async function growSystem(layout: Layout, size: number, warmSeconds: number): Promise<GrownSystem> {
  const system = await startSystem(layout);
  try {
    const workloads = await openWorkloads(system);
    const auto = await closedLoop(workloads.auto, 32, warmSeconds);
    const reviewed = await closedLoop(workloads.reviewed, 32, warmSeconds);
    const done = auto.completed + reviewed.completed;
    // Whoever still works on the last actions would append between.
    await caughtUp(system);
    const start = performance.now();
    const events = Math.max(0, size - done) * EVENTS_PER_ACTION;
    await fillLedger(system.databaseUrl, "main", events, {
      appendKeys: system.appendKeys,
      votes: ONE_VOTE_IN,
      tenant: TENANT,
      keys: true,
      start: Date.now(),
      everyMs: 1,
    });
    const fillSeconds = (performance.now() - start) / 1000;
    const catchUp = await caughtUp(system);
    return {
      size,
      actions: Math.max(size, done),
      workloads,
      fillSeconds,
      catchUp,
      cpu: () => cpuOf(system),
      close: async () => {
        workloads.close();
        await system.close();
      },
    };
  } catch (error) {
    await system.close();
    throw error;
  }
}

function cpuOf({ pids, postgresPid, natsPid }: System): Cpu {
  const { user, system } = process.cpuUsage();
  return {
    services: cpuSecondsOf(pids),
    postgres: postgresCpuSeconds(postgresPid),
    nats: cpuSecondsOf([natsPid]),
    client: (user + system) / 1e6,
  };
}
