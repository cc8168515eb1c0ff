/** What a closed loop measured: each worker starts its next action when the last one ended. */
export type LoopResult = {
  readonly inFlight: number;
  readonly completed: number;
  readonly seconds: number;
  readonly perSecond: number;
  /** Milliseconds by percentile, of the step that the workload times. */
  readonly p50: number;
  readonly p99: number;
};

/** Runs one complete action and returns the milliseconds of the step that counts. */
export type Workload = (worker: number) => Promise<number>;

/**
 * Runs `workload` with `inFlight` workers for `seconds`. The first failure ends the run: a bench with errors measures nothing.
 */
export async function closedLoop(workload: Workload, inFlight: number, seconds: number): Promise<LoopResult> {
  const latencies: number[] = [];
  const start = performance.now();
  const end = start + seconds * 1000;
  const worker = async (index: number): Promise<void> => {
    while (performance.now() < end) latencies.push(await workload(index));
  };
  await Promise.all(Array.from({ length: inFlight }, (_, index) => worker(index)));
  const elapsed = (performance.now() - start) / 1000;
  latencies.sort((a, b) => a - b);
  return {
    inFlight,
    completed: latencies.length,
    seconds: elapsed,
    perSecond: latencies.length / elapsed,
    p50: percentile(latencies, 0.5),
    p99: percentile(latencies, 0.99),
  };
}

/** Nearest-rank percentile of sorted values; NaN of none. */
export function percentile(sorted: readonly number[], fraction: number): number {
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * fraction) - 1)] ?? Number.NaN;
}
