import { pickFrom, randomFrom } from "../random.ts";

/** What can be done to a deployment, by what it is done to. */
export const FAULTS = {
  service: ["kill", "kill-both", "pause", "restart"],
  link: ["reset", "delay", "stall", "cut"],
  nats: ["nats-kill", "nats-pause", "nats-wipe", "nats-rollback", "nats-full"],
  postgres: ["postgres-kill", "postgres-pause", "postgres-immediate", "postgres-restart", "postgres-readonly", "postgres-full"],
  clock: ["clock"],
} as const;

export type FaultKind = (typeof FAULTS)[keyof typeof FAULTS][number];

/** Every kind of fault there is. */
export const FAULT_KINDS: readonly FaultKind[] = Object.values(FAULTS).flat();

/** One thing that is done to the deployment at a moment of the run. Milliseconds since its beginning. */
export type Fault = {
  readonly kind: FaultKind;
  /** For services, links and clocks: which instance, as an index. */
  readonly instance: number;
  /** For links: which of them. */
  readonly link: "postgres" | "nats" | "callers";
  readonly atMs: number;
  readonly forMs: number;
  /** How far the clock is off, or how late bytes come. */
  readonly amount: number;
};

export type FaultPlanOptions = {
  readonly seed: number;
  readonly durationMs: number;
  readonly kinds: readonly FaultKind[];
  /** How many instances there are in all. */
  readonly instances: number;
};

/**
 * The faults of a run, in order: a function of its arguments and nothing else. Two lanes side by side, one for what everybody stands on and one
 * for single processes, so that faults of both meet; within a lane they follow each other, with time to breathe between them.
 */
export function planFaults({ seed, durationMs, kinds, instances }: FaultPlanOptions): readonly Fault[] {
  const common = kinds.filter((kind) => isOneOf(FAULTS.nats, kind) || isOneOf(FAULTS.postgres, kind));
  const single = kinds.filter((kind) => !common.includes(kind));
  const lanes = [common, single].map((lane, index) => planLane(lane, durationMs, instances, randomFrom(seed * 2 + index)));
  return lanes.flat().toSorted((a, b) => a.atMs - b.atMs);
}

function planLane(kinds: readonly FaultKind[], durationMs: number, instances: number, random: () => number): readonly Fault[] {
  const faults: Fault[] = [];
  // Every kind comes up before one comes up again: a short run leaves as little out as it can.
  let deck: FaultKind[] = [];
  for (let now = between(2000, 5000, random); kinds.length > 0 && now < durationMs; now += between(2000, 5000, random)) {
    if (deck.length === 0) deck = [...kinds];
    const kind = pickFrom(deck, random);
    deck = deck.filter((other) => other !== kind);
    const forMs = between(...LENGTHS[kind], random);
    const link = pickFrom(["postgres", "nats", "callers"] as const, random);
    faults.push({ kind, instance: Math.floor(random() * instances), link, atMs: now, forMs, amount: amountOf(kind, random) });
    now += forMs;
  }
  return faults;
}

function amountOf(kind: FaultKind, random: () => number): number {
  if (kind === "clock") return between(-300, 300, random);
  return kind === "delay" ? between(20, 400, random) : 0;
}

function between(from: number, to: number, random: () => number): number {
  return Math.round(from + (to - from) * random());
}

function isOneOf(kinds: readonly FaultKind[], kind: FaultKind): boolean {
  return kinds.includes(kind);
}

/** From and to, in milliseconds. A pause can be longer than any patience in the product: server timeouts, leases, NATS' write deadline. */
const LENGTHS: Readonly<Record<FaultKind, readonly [number, number]>> = {
  kill: [0, 3000],
  "kill-both": [0, 2000],
  pause: [500, 15_000],
  restart: [0, 0],
  reset: [0, 0],
  delay: [2000, 8000],
  stall: [1000, 15_000],
  cut: [500, 8000],
  "nats-kill": [0, 5000],
  "nats-pause": [500, 10_000],
  "nats-wipe": [0, 3000],
  "nats-rollback": [2000, 5000],
  "nats-full": [3000, 8000],
  "postgres-kill": [0, 5000],
  "postgres-pause": [500, 12_000],
  "postgres-immediate": [0, 3000],
  "postgres-restart": [0, 3000],
  "postgres-readonly": [2000, 8000],
  "postgres-full": [2000, 8000],
  clock: [3000, 12_000],
};
