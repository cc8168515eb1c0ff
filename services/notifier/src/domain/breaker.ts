/** When a receiver that fails is left alone. */
export type BreakerTuning = {
  /** Failures in a row on one channel, whatever the delivery. */
  readonly failures: number;
  /** The first pause; each further failure doubles it. */
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
};

export const USUAL_BREAKER: BreakerTuning = { failures: 5, firstPauseMs: 5000, longestPauseMs: 300_000 };

/** How long the channel pauses after so many failures in a row; undefined: not at all. */
export function pauseAfter(failures: number, tuning: BreakerTuning): number | undefined {
  if (failures < tuning.failures) return undefined;
  return Math.min(tuning.firstPauseMs * 2 ** Math.min(failures - tuning.failures, 30), tuning.longestPauseMs);
}
