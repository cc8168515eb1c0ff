import { setTimeout as sleep } from "node:timers/promises";
import { CountersignError } from "./countersign-error.ts";

/** How often and how long an attempt is repeated. */
export type RetryPolicy = {
  /** Attempts in all, at least 1. */
  readonly attempts: number;
  /** Upper bound of the first pause; doubles with each attempt. */
  readonly baseMs: number;
  /** Upper bound of every pause. */
  readonly maxMs: number;
};

export const DEFAULT_RETRY: RetryPolicy = { attempts: 8, baseMs: 50, maxMs: 2000 };

/**
 * Repeats `attempt` while it fails with a retryable CountersignError. Only for calls that are safe to repeat: reads, calls with an
 * idempotency key that stays the same over all attempts, and calls whose repetition changes nothing.
 */
export async function withRetry<Result>(attempt: () => Promise<Result>, policy: RetryPolicy, signal?: AbortSignal): Promise<Result> {
  for (let count = 1; ; count += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof CountersignError) || !error.retryable || count >= policy.attempts) throw error;
      await sleep(pauseMs(count, policy, error.retryAfterMs), undefined, signal === undefined ? {} : { signal });
    }
  }
}

/** Full jitter, so that callers who failed together do not come back together; never sooner than the server asked. */
function pauseMs(count: number, policy: RetryPolicy, retryAfterMs = 0): number {
  const bound = Math.min(policy.maxMs, policy.baseMs * 2 ** (count - 1));
  return retryAfterMs + Math.random() * bound;
}
