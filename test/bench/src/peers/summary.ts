import type { Lap } from "./compare.ts";
import type { Contender } from "./contender.ts";

/** The rounds of one contender in one row. */
export type Summary = {
  readonly workload: Lap["workload"];
  readonly inFlight: number;
  readonly contender: Contender;
  readonly perSecond: Spread;
  readonly p50: Spread;
  /**
   * How many times this contender's result our one-process layout reaches: the median over the rounds of the ratio within a round, of rates, or of latencies at one in
   * flight turned so that more is better for us. Undefined where ours did not run.
   */
  readonly ratio: number | undefined;
  readonly signaturesPerSecond: number;
};

export type Spread = { readonly median: number; readonly min: number; readonly max: number };

/** A row per workload and contender, in the order in which they ran. */
export function summarize(laps: readonly Lap[]): readonly Summary[] {
  const groups = Map.groupBy(laps, (lap) => `${lap.workload} ${lap.inFlight} ${lap.contender}`);
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const { workload, inFlight, contender } = first;
    return [
      {
        workload,
        inFlight,
        contender,
        perSecond: spread(group.map((lap) => lap.perSecond)),
        p50: spread(group.map((lap) => lap.p50)),
        ratio: ratioToOurs(laps, group),
        signaturesPerSecond: spread(group.map((lap) => lap.signaturesPerSecond)).median,
      },
    ];
  });
}

function ratioToOurs(laps: readonly Lap[], group: readonly Lap[]): number | undefined {
  const ratios = group.flatMap((lap) => {
    const ours = laps.find(
      (other) =>
        other.contender === "one-process" &&
        other.workload === lap.workload &&
        other.inFlight === lap.inFlight &&
        other.round === lap.round,
    );
    if (ours === undefined) return [];
    return [lap.inFlight === 1 ? lap.p50 / ours.p50 : ours.perSecond / lap.perSecond];
  });
  return ratios.length === 0 ? undefined : spread(ratios).median;
}

/** Median, smallest and largest; NaN of none. */
export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  return {
    median: sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN,
    min: sorted[0] ?? Number.NaN,
    max: sorted.at(-1) ?? Number.NaN,
  };
}
