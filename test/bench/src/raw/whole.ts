import { createClient } from "@countersign/client";
import { DEVELOPMENT_PRINCIPALS } from "@countersign/identity";
import { closedLoop, type Workload } from "../closed-loop.ts";
import { AUTO } from "../inputs.ts";
import { cpuSecondsOf, postgresCpuSeconds } from "../process-usage.ts";
import { startSystem } from "../system.ts";
import { openWorkloads } from "../workloads.ts";
import { repeat, type Part } from "./measure.ts";

const WAITING = 64;

/** The complete system in one process: its cheapest call, and whole actions. */
export type Whole = { readonly getAction: Part; readonly auto: Part; readonly reviewed: Part; close(): Promise<void> };

export async function openWhole(): Promise<Whole> {
  const system = await startSystem("one-process");
  const workloads = await openWorkloads(system);
  const token = await system.issuer.mint(DEVELOPMENT_PRINCIPALS["crm-agent"]);
  const client = createClient({ address: system.address, token });
  const { action } = await client.requestAction(AUTO);
  const cpu = (): number => cpuSecondsOf([process.pid, ...system.pids, system.natsPid]) + postgresCpuSeconds(system.postgresPid);
  const loop = (workload: Workload): Part => ({
    cpu,
    run: async (seconds) => (await closedLoop(workload, WAITING, seconds)).completed,
  });
  return {
    getAction: { cpu, run: (seconds) => repeat(seconds, WAITING, () => client.actions.getAction({ actionId: action.id })) },
    auto: loop(workloads.auto),
    reviewed: loop(workloads.reviewed),
    close: async () => {
      client.close();
      workloads.close();
      await system.close();
    },
  };
}
