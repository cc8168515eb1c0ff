import { setTimeout as sleep } from "node:timers/promises";
import type { CountersignClient } from "@countersign/client";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { disagreements, openedReviews } from "./checker/agreement.ts";
import { brokenLaws } from "./checker/laws.ts";
import { lostPromises } from "./checker/lost.ts";
import { readCopy, readLedger } from "./checker/read-back.ts";
import { startBalancer } from "./cluster/balancer.ts";
import { startCluster, type Cluster, type ClusterOptions } from "./cluster/cluster.ts";
import { wipeJetStream } from "./faults/jetstream.ts";
import { History } from "./history.ts";
import { randomFrom } from "./random.ts";
import { castBehind, endInOrder, failedCalls } from "./rolling-restart.ts";
import { gatherCast, type Cast } from "./workload/cast.ts";
import { liveThrough } from "./workload/crowd.ts";
import { planAction, type Intent } from "./workload/intents.ts";

/** At the least; there are new ones until every part has died once. */
const ACTIONS = 200;
/** Acknowledgements between one part's return and the next one's death. */
const BETWEEN = 40;
const TEST_MS = 420_000;
/** Set it to the seed of a failure to run the same plan again. */
const SEED = Number(process.env["COUNTERSIGN_CRASH_SEED"] ?? Date.now() % 1_000_000);

let cluster: Cluster;
let cast: Cast;
let operator: CountersignClient;

async function open(services?: ClusterOptions["services"]): Promise<void> {
  cluster = await startCluster(services === undefined ? {} : { services });
  cast = await gatherCast(cluster);
  [operator] = (await cluster.as("operator")) as [CountersignClient];
}

describe("kill -9 in the middle of 200 actions, a process per service", () => {
  beforeAll(() => open(), TEST_MS);
  afterAll(() => cluster.close());

  it(
    "P1, P2, P4, P5 hold after each service, nats-server and postgres were killed and started again, and JetStream was wiped",
    () => surviveLossOf("notifier", "policy", "directory", "approval", "audit", "gateway", "nats-server", "postgres", "jetstream"),
    TEST_MS,
  );

  it("P4: reviewers were told twice at most of those that the notifier had under way", async () => {
    const opened = openedReviews(await readLedger(cluster.databaseUrl));
    const { ids } = cluster.inbox;
    expect(new Set(ids)).toEqual(new Set(opened.map(({ id }) => id)));
    expect(ids.length - opened.length).toBeLessThanOrEqual(UNDER_WAY);
  });

  // The last one here: afterwards other processes are at work than those that the cluster knows.
  it("P4: no call fails while policy, approval and gateway are replaced one after the other", upgradeInOrder, TEST_MS);
});

describe("kill -9 in the middle of 200 actions, all services in one process", () => {
  beforeAll(() => open(["countersign"]), TEST_MS);
  afterAll(() => cluster.close());

  it(
    "P1, P2, P4, P5 hold after the process and postgres were killed and started again, and JetStream was wiped",
    () => surviveLossOf("countersign", "postgres", "jetstream"),
    TEST_MS,
  );
});

async function surviveLossOf(...victims: readonly string[]): Promise<void> {
  const random = randomFrom(SEED);
  const history = new History();
  const over = new AbortController();
  function* actions(): Generator<Intent> {
    for (let index = 0; index < ACTIONS || !over.signal.aborted; index += 1) yield planAction(`crash-${index}`, random, true);
  }
  const until = AbortSignal.timeout(PATIENCE_MS * 3);
  const working = liveThrough(actions(), { cast, history, inFlight: IN_FLIGHT, until, callMs: REPEAT_MS });
  for (const victim of victims) await crash(victim, history, random);
  over.abort();
  const failures = await working;
  const ledger = await readLedger(cluster.databaseUrl);
  const problems = [...failures, ...brokenLaws(ledger), ...lostPromises(ledger, history.acknowledged)];
  const { natsUrl, inbox } = cluster;
  const copy = (atLeast: number): ReturnType<typeof readCopy> => readCopy(natsUrl, atLeast);
  problems.push(...(await disagreements(ledger, { operator, readCopy: copy, told: inbox.ids, patienceMs: PATIENCE_MS })));
  expect(problems, [`seed ${SEED}`, ...history.excerpt(problems)].join("\n")).toEqual([]);
}

/** By clients that repeat what is unavailable, as libs/client does, and nothing else. */
async function upgradeInOrder(): Promise<void> {
  const history = new History();
  const running = new Set(cluster.instances);
  const balancer = await startBalancer(() => [...running].flatMap(({ door }) => door ?? []));
  const clients = await castBehind(balancer, cluster);
  const over = new AbortController();
  function* actions(): Generator<Intent> {
    const random = randomFrom(SEED);
    for (let index = 0; !over.signal.aborted; index += 1) yield planAction(`upgrade-${index}`, random, true);
  }
  const until = AbortSignal.timeout(PATIENCE_MS * 3);
  const working = liveThrough(actions(), { cast: clients.cast, history, inFlight: IN_FLIGHT, until, callMs: PATIENCE_MS });
  for (const service of ["policy", "approval", "gateway"]) {
    await history.reached(history.acknowledged.length + IN_FLIGHT);
    const old = cluster.instances.find((instance) => instance.service === service);
    if (old === undefined) throw new Error(`there is no ${service}`);
    running.add(await cluster.startAnother(old.service));
    await endInOrder(old, history);
    running.delete(old);
  }
  await history.reached(history.acknowledged.length + IN_FLIGHT);
  over.abort();
  const problems = [
    ...(await working),
    ...failedCalls(history),
    ...lostPromises(await readLedger(cluster.databaseUrl), history.acknowledged),
  ];
  clients.close();
  balancer.close();
  expect(problems, [`seed ${SEED}`, ...history.excerpt(problems)].join("\n")).toEqual([]);
}

/** In the middle of the work, which goes on before it and after it. */
async function crash(victim: string, history: History, random: () => number): Promise<void> {
  await history.reached(history.acknowledged.length + BETWEEN);
  const over = history.fault(`${victim} is killed`);
  const part = partOf(victim);
  await part.kill();
  await sleep(100 + 400 * random());
  if (victim === "jetstream") wipeJetStream(cluster);
  await part.start();
  over();
}

function partOf(victim: string): Cluster["postgres"] {
  const { postgres, nats, instances } = cluster;
  const parts = [postgres, nats, ...instances.map(({ part }) => part)];
  const part = victim === "jetstream" ? nats : parts.find(({ name }) => name === victim);
  if (part === undefined) throw new Error(`${victim} is no part of this layout`);
  return part;
}

const IN_FLIGHT = 24;
/** A service that died with a call in hand never answers it. */
const REPEAT_MS = 5000;
const PATIENCE_MS = 120_000;
/** Of the notifier: how many deliveries a worker has at a time. */
const UNDER_WAY = 8;
