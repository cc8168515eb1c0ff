const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

/** Standard Webhooks 1.0.0: the wait after the first, second, ... failed attempt. Ten attempts, a little over three days. */
export const STANDARD_RETRY_DELAYS: readonly number[] = [
  5 * SECOND,
  5 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  5 * HOUR,
  10 * HOUR,
  14 * HOUR,
  20 * HOUR,
  24 * HOUR,
];

/** No receiver makes us wait longer. */
export const LONGEST_DELAY = 24 * HOUR;

/**
 * Milliseconds to wait after a failed attempt, up to a fifth longer than planned so that many deliveries do not come back at once; undefined when it was the
 * last attempt.
 * @param failedAttempts - 1 after the first.
 * @param askedFor - what the receiver asked for (`Retry-After`); never shortens the wait.
 * @param random - in [0, 1).
 */
export function retryDelay(
  failedAttempts: number,
  askedFor: number | undefined,
  random: number,
  delays: readonly number[] = STANDARD_RETRY_DELAYS,
): number | undefined {
  const planned = delays[failedAttempts - 1];
  if (planned === undefined) return undefined;
  return Math.max(Math.round(planned * (1 + random / 5)), Math.min(askedFor ?? 0, LONGEST_DELAY));
}

/** For chat: people wait. Ten attempts, most of them in the first hour, about nine hours in all. */
export const CHAT_RETRY_DELAYS: readonly number[] = [
  SECOND,
  5 * SECOND,
  15 * SECOND,
  MINUTE,
  5 * MINUTE,
  15 * MINUTE,
  30 * MINUTE,
  2 * HOUR,
  6 * HOUR,
];
