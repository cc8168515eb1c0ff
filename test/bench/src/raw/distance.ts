import { spread } from "../peers/summary.ts";
import type { Figure } from "./measure.ts";

/** What was measured in one round, of each part. */
export type Round = {
  readonly commit: Pair;
  readonly publish: Pair;
  readonly call: Pair;
  readonly signing: Figure;
  readonly verifying: Figure;
  readonly auto: Figure;
  readonly reviewed: Figure;
};
export type Pair = { readonly bare: Figure; readonly ours: Figure };

/** One line: the bare part, ours beside it where there is one, and how many times the CPU and a how many times lower rate ours has. */
export type Distance = {
  readonly what: string;
  readonly bare: Figure;
  readonly ours: Figure | undefined;
  readonly cpuTimes: number | undefined;
  readonly rateTimes: number | undefined;
};

/** What an action cannot do without. */
type Needs = { readonly calls: number; readonly events: number; readonly signatures: number };
const AUTO: Needs = { calls: 2, events: 5, signatures: 1 };
// The vote is signed as the grant is.
const REVIEWED: Needs = { calls: 3, events: 7, signatures: 2 };

/**
 * Medians over the rounds; ratios are medians of those within a round, so that a slow phase of the machine moves none. A whole action stands beside the sum of its bare parts
 * on so many cores.
 */
export function distances(rounds: readonly Round[], cores: number): readonly Distance[] {
  const pair = (what: string, of: (round: Round) => Pair): Distance => {
    const pairs = rounds.map(of);
    return {
      what,
      bare: medianFigure(pairs.map(({ bare }) => bare)),
      ours: medianFigure(pairs.map(({ ours }) => ours)),
      cpuTimes: median(pairs.map(({ bare, ours }) => ours.cpuMicros / bare.cpuMicros)),
      rateTimes: median(pairs.map(({ bare, ours }) => bare.perSecond / ours.perSecond)),
    };
  };
  const alone = (what: string, of: (round: Round) => Figure): Distance => ({
    what,
    bare: medianFigure(rounds.map(of)),
    ours: undefined,
    cpuTimes: undefined,
    rateTimes: undefined,
  });
  return [
    pair("event committed, 64 waiting", ({ commit }) => commit),
    pair("event in JetStream", ({ publish }) => publish),
    pair("unary call, 64 waiting", ({ call }) => call),
    alone("Ed25519 signature", ({ signing }) => signing),
    alone("Ed25519 verification", ({ verifying }) => verifying),
    pair("auto action", (round) => ({ bare: sumOfParts(round, AUTO, cores), ours: round.auto })),
    pair("reviewed action", (round) => ({ bare: sumOfParts(round, REVIEWED, cores), ours: round.reviewed })),
  ];
}

function sumOfParts({ commit, publish, call, signing }: Round, needs: Needs, cores: number): Figure {
  const cpuMicros =
    needs.calls * call.bare.cpuMicros +
    needs.events * (commit.bare.cpuMicros + publish.bare.cpuMicros) +
    needs.signatures * signing.cpuMicros;
  return { cpuMicros, perSecond: (cores * 1e6) / cpuMicros };
}

function medianFigure(figures: readonly Figure[]): Figure {
  return {
    perSecond: median(figures.map(({ perSecond }) => perSecond)),
    cpuMicros: median(figures.map(({ cpuMicros }) => cpuMicros)),
  };
}

const median = (values: readonly number[]): number => spread(values).median;
