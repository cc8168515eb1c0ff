import { setTimeout as sleep } from "node:timers/promises";
import type { CountersignClient } from "@countersign/client";
import { disagreements } from "./checker/agreement.ts";
import { brokenLaws } from "./checker/laws.ts";
import { lostPromises } from "./checker/lost.ts";
import { readCopy, readLedger } from "./checker/read-back.ts";
import { startBalancer } from "./cluster/balancer.ts";
import { startCluster, type Cluster } from "./cluster/cluster.ts";
import { inject, leftOut } from "./faults/inject.ts";
import { planFaults, type Fault } from "./faults/plan.ts";
import { Tally, type Count } from "./faults/tally.ts";
import { History } from "./history.ts";
import type { Options } from "./options.ts";
import { randomFrom } from "./random.ts";
import { castBehind, failedCalls, restartInTurn } from "./rolling-restart.ts";
import { replaceNats } from "./nats-versions/replace-nats.ts";
import { gatherCast, type Cast } from "./workload/cast.ts";
import { liveThrough } from "./workload/crowd.ts";
import { planAction, type Intent } from "./workload/intents.ts";

/** What came of a run. */
export type Outcome = {
  readonly seed: number;
  readonly faults: Readonly<Record<string, Count>>;
  readonly leftOut: Readonly<Record<string, string>>;
  readonly actions: number;
  readonly acknowledged: number;
  readonly refusals: Readonly<Record<string, number>>;
  readonly events: number;
  /** What does not hold. None: all is well. */
  readonly problems: readonly string[];
  /** The shortest history that belongs to the problems. */
  readonly history: readonly string[];
};

/** Starts a deployment, torments it under load, heals it, and checks what it wrote. */
export async function runChaos(
  options: Options,
  onLog: (name: string, line: string) => void,
  tell: (text: string) => void,
): Promise<Outcome> {
  const cluster = await startCluster({ instances: 2, hostile: !isPeaceful(options), onLog });
  const balancer = await startBalancer(() => cluster.instances.flatMap(({ door }) => door ?? []));
  const clients = await castBehind(balancer, cluster);
  try {
    tell(`${cluster.instances.length} processes of services are up`);
    return await torment(cluster, options.rolling ? clients.cast : await gatherCast(cluster), options, tell);
  } finally {
    clients.close();
    balancer.close();
    await cluster.close();
  }
}

async function torment(cluster: Cluster, cast: Cast, options: Options, tell: (text: string) => void): Promise<Outcome> {
  const history = new History();
  const missing = leftOut(cluster);
  const durationMs = options.minutes * 60_000;
  const kinds = options.faults.filter((kind) => !missing.has(kind));
  const faults = isPeaceful(options) ? [] : planFaults({ seed: options.seed, durationMs, kinds, instances: cluster.instances.length });
  const healing = new AbortController();
  const problems: string[] = [];
  const supervising = supervise(cluster, healing.signal, (name) => history.note(`${name} ended by itself`));
  const working = liveThrough(intentsFor(durationMs, options.seed), {
    cast,
    history,
    inFlight: options.inFlight,
    until: healing.signal,
    pauseMs: PAUSE_MS,
  });
  if (options.rolling) await restartInTurn(cluster, durationMs, history, tell);
  if (options.natsServers.length > 0)
    problems.push(...(await replaceNats(cluster, options.natsServers, { durationMs, patienceMs: HEALING_MS, history, tell })));
  const tally = new Tally();
  await injectAll(faults, cluster, history, tally, tell).catch((error: unknown) =>
    problems.push(`a fault could not be done or undone: ${String(error)}`),
  );
  history.note("all is healed");
  tell("all is healed; waiting for what is under way");
  const stopWatching = whenStill(history, () => healing.abort(new Error("nothing has moved since long after all was healed")));
  problems.push(...(await working), ...(options.rolling ? failedCalls(history) : []));
  stopWatching();
  tell("checking");
  const { events, found } = await check(cluster, history, problems.length === 0);
  problems.push(...found, ...unexpectedEndings(cluster), ...tally.problems());
  healing.abort(new Error("the run is over"));
  await supervising;
  return {
    seed: options.seed,
    faults: tally.counts,
    leftOut: Object.fromEntries([...missing].filter(([kind]) => !isPeaceful(options) && options.faults.includes(kind))),
    actions: new Set(history.acknowledged.map(({ actionId }) => actionId)).size,
    acknowledged: history.acknowledged.length,
    refusals: Object.fromEntries(history.refusals),
    events,
    problems,
    history: problems.length === 0 ? [] : history.excerpt(problems),
  };
}

/** What does not hold in the log, and beside it unless actions still move: then nothing can agree with what was read. A check that cannot be made has failed. */
async function check(
  cluster: Cluster,
  { acknowledged }: History,
  quiet: boolean,
): Promise<{ readonly events: number; readonly found: readonly string[] }> {
  const { databaseUrl, natsUrl, inbox } = cluster;
  const copy = (atLeast: number): ReturnType<typeof readCopy> => readCopy(natsUrl, atLeast);
  const found: string[] = [];
  let events = 0;
  try {
    const ledger = await settledLedger(databaseUrl);
    events = ledger.length;
    found.push(...brokenLaws(ledger), ...lostPromises(ledger, acknowledged));
    if (!quiet || found.length > 0) return { events, found };
    const [operator] = (await cluster.as("operator")) as [CountersignClient];
    found.push(...(await disagreements(ledger, { operator, readCopy: copy, told: inbox.ids, patienceMs: HEALING_MS })));
  } catch (error) {
    found.push(`the check could not be made: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  }
  return { events, found };
}

/** Nothing is broken in it: what is replaced is replaced in order. */
function isPeaceful({ rolling, natsServers }: Options): boolean {
  return rolling || natsServers.length > 0;
}

/** Timers end what callers have left: a grant that was not redeemed, a review that was not answered. */
async function settledLedger(databaseUrl: string): ReturnType<typeof readLedger> {
  let ledger = await readLedger(databaseUrl);
  for (let grewAt = performance.now(); brokenLaws(ledger).length > 0 && performance.now() - grewAt < HEALING_MS;) {
    await sleep(1000);
    const { length } = ledger;
    ledger = await readLedger(databaseUrl);
    if (ledger.length > length) grewAt = performance.now();
  }
  return ledger;
}

/** Calls back when no caller has been told anything for so long; a slow machine takes its time, and is no flaw of ours. Returns what ends it. */
function whenStill({ acknowledged }: History, onStill: () => void): () => void {
  let seen = acknowledged.length;
  let since = performance.now();
  const timer = setInterval(() => {
    if (acknowledged.length > seen) since = performance.now();
    else if (performance.now() - since > HEALING_MS) onStill();
    seen = acknowledged.length;
  }, 1000);
  return () => clearInterval(timer);
}

/** New actions for as long as faults come. */
function* intentsFor(durationMs: number, seed: number): Generator<Intent> {
  const random = randomFrom(seed);
  const end = performance.now() + durationMs;
  for (let index = 0; performance.now() < end; index += 1) yield planAction(`run-${index}`, random);
}

async function injectAll(
  faults: readonly Fault[],
  cluster: Cluster,
  history: History,
  tally: Tally,
  tell: (text: string) => void,
): Promise<void> {
  const begun = performance.now();
  const lanes = Map.groupBy(faults, ({ kind }) => /^(nats|postgres)-/.test(kind));
  await Promise.all(
    [...lanes.values()].map(async (lane) => {
      for (const fault of lane) {
        await sleep(Math.max(0, begun + fault.atMs - performance.now()));
        tell(`${fault.kind} for ${fault.forMs} ms`);
        const felt = await inject(fault, cluster, history);
        tell(`${fault.kind} is over: ${felt ?? "nothing was felt of it"}`);
        tally.add(fault.kind, felt);
      }
    }),
  );
}

/** Looks after every process until the run is over. */
async function supervise({ postgres, nats, instances }: Cluster, over: AbortSignal, onEnding: (name: string) => void): Promise<void> {
  const parts = [postgres, nats, ...instances.map(({ part }) => part)];
  while (!over.aborted) {
    await Promise.all(parts.map((part) => part.supervise(onEnding)));
    await sleep(200);
  }
}

/** Whatever happens to what a service stands on, its process lives on: a crash is a flaw, though nothing is lost by it. */
function unexpectedEndings({ instances }: Cluster): readonly string[] {
  return instances.flatMap(({ part }) => (part.endings === 0 ? [] : [`${part.name} ended by itself ${part.endings} times`]));
}

/** Between two new actions: a machine of two cores has to keep up while half of it is down. */
const PAUSE_MS = 250;
/** So long nothing may stand still once nothing is wrong any more: generous, as a busy machine is no flaw of ours. */
const HEALING_MS = 120_000;
