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

export type RetryOptions = {
  readonly policy: RetryPolicy;
  /** When the whole call must be over, as milliseconds since 1970. */
  readonly deadline: number;
  /**
   * `always`: reads, calls with an idempotency key that stays the same over all attempts, and calls whose repetition changes nothing.
   * `unless-done`: only after a refusal that is sure to have changed nothing.
   */
  readonly repeat: "always" | "unless-done";
  readonly signal?: AbortSignal | undefined;
};

/** Repeats `attempt` while it fails with a CountersignError that trying again can mend, and the time lasts. */
export async function withRetry<Result>(
  attempt: () => Promise<Result>,
  { policy, deadline, repeat, signal }: RetryOptions,
): Promise<Result> {
  for (let count = 1; ; count += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof CountersignError) || !error.retryable || count >= policy.attempts) throw error;
      if (repeat === "unless-done" && error.effect === "unknown") throw error;
      const pause = pauseMs(count, policy, error.retryAfterMs);
      if (Date.now() + pause >= deadline) throw error;
      // Called off meanwhile, the call has come to what it came to so far: `effect` says whether that may be something.
      await sleep(pause, undefined, signal === undefined ? {} : { signal }).catch(() => Promise.reject(error));
    }
  }
}

/** Full jitter, so that callers who failed together do not come back together; never sooner than the server asked. */
function pauseMs(count: number, policy: RetryPolicy, retryAfterMs = 0): number {
  const bound = Math.min(policy.maxMs, policy.baseMs * 2 ** (count - 1));
  return retryAfterMs + Math.random() * bound;
}
