import { spread, type Spread } from "../peers/summary.ts";

/** What one system did in one round of one workload. */
export type Turn = {
  readonly telemetry: string;
  readonly workload: string;
  readonly round: number;
  readonly completed: number;
  readonly seconds: number;
  /** Of the services' process. */
  readonly cpuSeconds: number;
};

/** The rounds of one system and one workload. */
export type Cost = {
  readonly telemetry: string;
  readonly workload: string;
  readonly microsPerAction: Spread;
  /** CPU per action, as part of what the system without telemetry took in the same round. */
  readonly microsOfOff: Spread;
  readonly perSecond: Spread;
  /** Actions per second, likewise. */
  readonly perSecondOfOff: Spread;
};

/** What the others are compared with. */
export const OFF = "off";

/** A row per workload and system, in the order in which they ran. */
export function costs(turns: readonly Turn[]): readonly Cost[] {
  return [...Map.groupBy(turns, ({ workload, telemetry }) => `${workload} ${telemetry}`).values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const { telemetry, workload } = first;
    const offs = new Map(turns.filter((turn) => turn.workload === workload && turn.telemetry === OFF).map((turn) => [turn.round, turn]));
    const ofOff = (figure: (turn: Turn) => number): Spread =>
      spread(
        group.flatMap((turn) => {
          const off = offs.get(turn.round);
          return off === undefined ? [] : [figure(turn) / figure(off)];
        }),
      );
    return [
      {
        telemetry,
        workload,
        microsPerAction: spread(group.map(micros)),
        microsOfOff: ofOff(micros),
        perSecond: spread(group.map(rate)),
        perSecondOfOff: ofOff(rate),
      },
    ];
  });
}

function micros({ cpuSeconds, completed }: Turn): number {
  return (cpuSeconds / completed) * 1e6;
}

function rate({ completed, seconds }: Turn): number {
  return completed / seconds;
}
