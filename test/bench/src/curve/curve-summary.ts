import { spread } from "../peers/summary.ts";

/** By part of the system. */
export type Cpu = { readonly services: number; readonly postgres: number; readonly nats: number; readonly client: number };

/** One turn of one system. */
export type Lap = {
  readonly workload: "auto" | "reviewed";
  readonly inFlight: number;
  /** Actions that its log was filled to. */
  readonly size: number;
  readonly round: number;
  /** Actions in its log when the turn began. */
  readonly actions: number;
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  /** Microseconds of an action. */
  readonly cpu: Cpu;
};

/** Medians of the rounds of one size; ratios are medians of those to the smallest log within a round, so that a slow phase of the machine moves none. */
export type Summary = Omit<Lap, "round"> & {
  readonly cpuAll: number;
  readonly ratio: { readonly p50: number; readonly p99: number; readonly cpu: number };
  /** Neither the median latency nor the CPU of an action is more than a fifth above those of the smallest log. */
  readonly flat: boolean;
};

const FLAT = 1.2;

export function summarizeCurve(laps: readonly Lap[]): readonly Summary[] {
  const smallest = Math.min(...laps.map(({ size }) => size));
  const groups = Map.groupBy(laps, ({ workload, inFlight, size }) => `${workload} ${inFlight} ${size}`);
  return [...groups.values()].map((group) => {
    const { workload, inFlight, size } = group[0] as Lap;
    const medianOf = (of: (lap: Lap) => number): number => spread(group.map(of)).median;
    const ratioOf = (of: (lap: Lap) => number): number => medianOf((lap) => of(lap) / of(baseOf(laps, lap, smallest)));
    const ratio = { p50: ratioOf(({ p50 }) => p50), p99: ratioOf(({ p99 }) => p99), cpu: ratioOf(allCpu) };
    return {
      workload,
      inFlight,
      size,
      actions: medianOf(({ actions }) => actions),
      perSecond: medianOf(({ perSecond }) => perSecond),
      p50: medianOf(({ p50 }) => p50),
      p99: medianOf(({ p99 }) => p99),
      cpu: {
        services: medianOf(({ cpu }) => cpu.services),
        postgres: medianOf(({ cpu }) => cpu.postgres),
        nats: medianOf(({ cpu }) => cpu.nats),
        client: medianOf(({ cpu }) => cpu.client),
      },
      cpuAll: medianOf(allCpu),
      ratio,
      flat: ratio.p50 <= FLAT && ratio.cpu <= FLAT,
    };
  });
}

function allCpu({ cpu }: Lap): number {
  return cpu.services + cpu.postgres + cpu.nats + cpu.client;
}

function baseOf(laps: readonly Lap[], { workload, inFlight, round }: Lap, smallest: number): Lap {
  const base = laps.find((lap) => lap.size === smallest && lap.workload === workload && lap.inFlight === inFlight && lap.round === round);
  if (base === undefined) throw new Error(`round ${round} of ${workload} at ${inFlight} has no turn of the smallest log`);
  return base;
}
