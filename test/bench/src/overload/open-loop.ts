import { CountersignError } from "@countersign/client";
import type { Ended } from "./tenants.ts";

/** What came of calls that were begun at a fixed rate, whether others came back or not. */
export type OpenResult = {
  readonly begun: number;
  readonly completed: number;
  readonly refused: number;
  /** Refusals that said when to come back. */
  readonly withHint: number;
  /** Completed per second, until the last one had ended. */
  readonly perSecond: number;
  /** Milliseconds of those that completed, sorted. */
  readonly latencies: readonly number[];
};

/** One action. */
export type Work = () => Promise<Ended>;

const TICK_MS = 5;

/**
 * Begins `perSecond` pieces of work a second for so long: real callers do not wait for each other. What is refused for want of room is counted; any other failure ends
 * the run.
 */
export async function openLoop(work: Work, perSecond: number, seconds: number): Promise<OpenResult> {
  const latencies: number[] = [];
  let refused = 0;
  let withHint = 0;
  const failures: unknown[] = [];
  const running = new Set<Promise<void>>();
  const start = performance.now();
  const end = start + seconds * 1000;
  const one = async (): Promise<void> => {
    try {
      const { tookMs, decided } = await work();
      if (!decided) return;
      latencies.push(tookMs);
    } catch (error) {
      if (!(error instanceof CountersignError) || error.code !== "RESOURCE_EXHAUSTED") {
        failures.push(error);
        return;
      }
      refused += 1;
      if (error.retryAfterMs !== undefined) withHint += 1;
    }
  };
  let begun = 0;
  while (performance.now() < end && failures.length === 0) {
    for (; begun < ((performance.now() - start) / 1000) * perSecond; begun += 1) {
      const piece = one();
      running.add(piece);
      void piece.finally(() => running.delete(piece));
    }
    await new Promise((resolve) => setTimeout(resolve, TICK_MS));
  }
  await Promise.all(running);
  if (failures.length > 0) throw failures[0];
  return {
    begun,
    completed: latencies.length,
    refused,
    withHint,
    perSecond: (latencies.length * 1000) / (performance.now() - start),
    latencies: latencies.toSorted((a, b) => a - b),
  };
}
