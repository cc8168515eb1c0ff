import { fitLine, type Point } from "./line-fit.ts";

/** How one quantity went on in the second half of a run. */
export type Trend = {
  /** Megabytes that the fitted line rises in 10,000 actions. */
  readonly perTenThousand: number;
  /** Megabytes that it rises from the first to the last sample of that half. */
  readonly rise: number;
  readonly mean: number;
  readonly flat: boolean;
};

/** Of the mean; below it a rise cannot be told from where garbage collection happens to stand. */
const SHARE = 0.05;
const MEGABYTES = 5;

/**
 * Fits a line to the second half of the samples (`x`: actions done so far, `y`: megabytes). Flat is what rises by at most a twentieth of its mean, or 5 MB, over that half.
 * @throws RangeError for fewer than four samples
 */
export function trendOf(samples: readonly Point[]): Trend {
  if (samples.length < 4) throw new RangeError("a trend needs four samples");
  const half = samples.slice(Math.floor(samples.length / 2));
  const { slope } = fitLine(half);
  const rise = slope * ((half.at(-1)?.x ?? 0) - (half[0]?.x ?? 0));
  const mean = half.reduce((sum, { y }) => sum + y, 0) / half.length;
  return { perTenThousand: slope * 10_000, rise, mean, flat: rise <= Math.max(mean * SHARE, MEGABYTES) };
}
