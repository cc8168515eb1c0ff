import { closedLoop, type Workload } from "../closed-loop.ts";
import type { Workloads } from "../workloads.ts";

/** A load that goes on for long. */
export type SteadyLoad = {
  readonly done: () => number;
  readonly failed: () => number;
  run(inFlight: number, seconds: number): Promise<void>;
};

/** So many failures are let pass, and one action in a hundred. */
const FAILURES = 10;

/**
 * Half of those in flight auto-allowed actions, half reviewed ones. Where a row of a few seconds ends with the first failure, ten minutes do not: an action whose verdict
 * came late, on a machine that was away for a moment, counts as failed. More than a few end the run.
 */
export function steadyLoad(workloads: Workloads): SteadyLoad {
  let done = 0;
  let failed = 0;
  const workload: Workload = async (worker) => {
    try {
      const milliseconds = await (worker % 2 === 0 ? workloads.auto : workloads.reviewed)(worker);
      done += 1;
      return milliseconds;
    } catch (error) {
      failed += 1;
      if (failed > FAILURES + done / 100) throw error;
      return 0;
    }
  };
  return {
    done: () => done,
    failed: () => failed,
    run: async (inFlight, seconds) => void (await closedLoop(workload, inFlight, seconds)),
  };
}
