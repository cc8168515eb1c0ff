import type { Database } from "@countersign/database";
import { silentLogger } from "@countersign/telemetry";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { DeliveryStoreOptions } from "../adapters/postgres/delivery-store-options.ts";
import { postgresDeliveryStore } from "../adapters/postgres/delivery-store.ts";
import { processLock, type ProcessLock } from "../adapters/postgres/process-lock.ts";
import { registerChannels, storePlan } from "../adapters/postgres/plan-store.ts";
import { webhookChannel } from "../adapters/webhook/webhook-channel.ts";
import type { Channel } from "./channel.ts";
import { planDeliveries, type LoggedEvent } from "../domain/plan-deliveries.ts";
import { notifierDatabase, type NotifierDatabase } from "../testing/notifier-database.ts";
import { eventIdOf, reviewEvents } from "../testing/review-events.ts";
import { sampleReview, sha256 } from "../testing/sample-review.ts";
import { webhookReceiver, type Behaviour, type WebhookReceiver } from "../testing/webhook-receiver.ts";
import { attemptDelivery } from "./attempt-delivery.ts";
import type { DeliveryStore } from "./delivery-store.ts";
import { DeliveryWorker, type WorkerTuning } from "./delivery-worker.ts";

const LEDGER = "main";
const SECRET = `whsec_${Buffer.alloc(24, 1).toString("base64")}`;
// An attempt that is cut off may have been answered 2xx a moment later: the limits are far from what a busy machine needs for an answer.
const TUNING: WorkerTuning = {
  pollMs: 20,
  leaseMs: 20_000,
  attemptTimeoutMs: 10_000,
  closeGraceMs: 10_000,
  concurrency: 8,
  breaker: { failures: 1000, firstPauseMs: 1, longestPauseMs: 1 },
};

let tables: NotifierDatabase;
let database: Database;
let owner: ProcessLock;
let receiver: WebhookReceiver | undefined;
const workers: DeliveryWorker[] = [];

beforeAll(async () => {
  tables = await notifierDatabase();
  ({ database } = tables);
  owner = processLock(database.kysely<unknown>());
});
afterAll(async () => {
  await owner.release();
  await tables.close();
});
beforeEach(() => tables.superuser.pool.query("truncate notifier.channel, notifier.review, notifier.delivery"));
afterEach(async () => {
  await Promise.all(workers.splice(0).map((worker) => worker.close()));
  await receiver?.close();
  receiver = undefined;
});

async function startReceiver(behave: (request: number, id: string) => Behaviour): Promise<Channel> {
  receiver = await webhookReceiver(SECRET, behave);
  return webhookChannel({
    name: "hook",
    url: receiver.url,
    secrets: [SECRET],
    tenants: "all",
    events: ["ReviewOpened", "ActionApproved"],
    rules: { allowedHosts: [receiver.host] },
    clock: () => new Date(),
  });
}

async function plan(channel: Channel, events: readonly LoggedEvent[]): Promise<void> {
  const kysely = database.kysely<unknown>();
  await registerChannels(kysely, LEDGER, [channel], 0);
  await kysely.transaction().execute((transaction) => storePlan(transaction, LEDGER, planDeliveries(events, [channel])));
}

function startWorker(channel: Channel, tuning: Partial<WorkerTuning> = {}, retryDelays = [20, 40, 80, 160, 320]): DeliveryWorker {
  const worker = new DeliveryWorker({
    channel,
    store: storeOf(channel),
    readAction: async (tenant, actionId) => ({ ...sampleReview, id: actionId, tenant, version: 5 }),
    sha256,
    random: Math.random,
    retryDelays,
    logger: silentLogger,
    tuning: { ...TUNING, ...tuning },
  });
  workers.push(worker);
  return worker;
}

function storeOf(channel: Channel, change: Partial<DeliveryStoreOptions> = {}): DeliveryStore {
  const options = { ledger: LEDGER, channel: channel.name, owner, limits: channel.limits ?? [], breaker: TUNING.breaker, ...change };
  return postgresDeliveryStore(database.kysely<unknown>(), options);
}

async function states(): Promise<Record<string, number>> {
  const { rows } = await database.pool.query<{ state: string; count: number }>(
    "select state, count(*)::int as count from notifier.delivery group by state",
  );
  return Object.fromEntries(rows.map((row) => [row.state, row.count]));
}

async function settled(): Promise<void> {
  while (((await states())["pending"] ?? 0) > 0) await new Promise((resolve) => setTimeout(resolve, 20));
}

const accepted = (): string[] =>
  receiver?.received.filter((request) => request.answered === "ok" || request.answered === "slow").map((request) => request.id) ?? [];

describe("delivery worker", () => {
  it("P4: loses nothing and doubles nothing that was answered 2xx, with faults and restarts in the middle", async () => {
    const faults: readonly Behaviour[] = ["500", "429", "hang", "reset", "redirect", "garbage"];
    const channel = await startReceiver((request) =>
      request % 20 === 7 ? (faults[Math.floor(request / 20) % faults.length] ?? "500") : request % 3 === 0 ? "slow" : "ok",
    );
    const events = reviewEvents(150);
    await plan(channel, events);
    for (const restartAfter of [30, 120, 220]) {
      const worker = startWorker(channel);
      while ((receiver?.received.length ?? 0) < restartAfter) await new Promise((resolve) => setTimeout(resolve, 5));
      await worker.close();
    }
    startWorker(channel);
    await settled();
    expect(await states()).toEqual({ delivered: 300 });
    expect(accepted().toSorted()).toEqual(events.map((event) => event.eventId).toSorted());
    expect(receiver?.forged).toEqual([]);
    expect(receiver?.received.length).toBeGreaterThan(310);
  });

  it("P4: two workers on one table never deliver the same twice", async () => {
    const channel = await startReceiver((request) => (request % 10 === 3 ? "500" : "slow"));
    const events = reviewEvents(100);
    await plan(channel, events);
    startWorker(channel);
    startWorker(channel);
    startWorker(channel, { concurrency: 1 });
    await settled();
    expect(accepted().toSorted()).toEqual(events.map((event) => event.eventId).toSorted());
  });

  it("keeps the order of each action, also when the first event needs several attempts", async () => {
    const attempts = new Map<string, number>();
    const channel = await startReceiver((_request, id) => {
      attempts.set(id, (attempts.get(id) ?? 0) + 1);
      const opened = Number(id.slice(-12)) % 2 === 0;
      return opened && (attempts.get(id) ?? 0) < 3 ? "500" : "ok";
    });
    await plan(channel, reviewEvents(20));
    startWorker(channel);
    startWorker(channel);
    await settled();
    const order = new Map<string, string[]>();
    for (const { payload, answered } of receiver?.received ?? []) {
      if (answered === "ok") order.set(payload.data.action_id, [...(order.get(payload.data.action_id) ?? []), payload.type]);
    }
    expect([...order.values()]).toEqual(Array.from({ length: 20 }, () => ["action.ReviewOpened", "action.ActionApproved"]));
  });

  it("P4: delivers what a killed worker had leased, once its lease is over", async () => {
    const channel = await startReceiver(() => "ok");
    await plan(channel, reviewEvents(2));
    const killed = storeOf(channel);
    expect((await killed.lease({ most: 1, leaseMs: 600_000 })).deliveries).toMatchObject([{ actionId: "action-0" }]);
    startWorker(channel);
    await vi.waitFor(() => expect(accepted()).toEqual([eventIdOf(2), eventIdOf(3)]), { timeout: 20_000, interval: 10 });
    await database.pool.query("update notifier.delivery set lease_until = now() where lease_until > now()");
    await settled();
    expect(accepted()).toEqual([eventIdOf(2), eventIdOf(3), eventIdOf(0), eventIdOf(1)]);
    const { rows } = await database.pool.query("select attempts from notifier.delivery where action_id = 'action-0' order by position");
    expect(rows).toEqual([{ attempts: 2 }, { attempts: 1 }]);
  });

  it("P4: a crash between the 2xx and its record is the one duplicate there is, and it carries the same id", async () => {
    const channel = await startReceiver(() => "ok");
    await plan(channel, reviewEvents(1).slice(0, 1));
    const store = storeOf(channel);
    const {
      deliveries: [leased],
    } = await store.lease({ most: 1, leaseMs: 200 });
    const killed = { channel, readAction: async () => ({ ...sampleReview, version: 5 }), sha256, random: Math.random, retryDelays: [1] };
    expect(await attemptDelivery(leased!, killed, AbortSignal.timeout(20_000))).toMatchObject({ outcome: "delivered" });
    startWorker(channel);
    await settled();
    expect(accepted()).toEqual([eventIdOf(0), eventIdOf(0)]);
  });

  it("P4: a worker that lost its lease cannot overrule the next one, unless it did deliver", async () => {
    const channel = await startReceiver(() => "ok");
    await plan(channel, reviewEvents(1));
    const store = storeOf(channel);
    const {
      deliveries: [late],
    } = await store.lease({ most: 1, leaseMs: 0 });
    const {
      deliveries: [next],
    } = await store.lease({ most: 1, leaseMs: 60_000 });
    await store.record(late!, { outcome: "failed", error: "late", disablesChannel: false });
    expect(await states()).toEqual({ pending: 2 });
    await store.record(late!, { outcome: "delivered", externalRef: undefined, shownVersion: undefined });
    await store.record(next!, { outcome: "retry", delayMs: 0, error: "next", counts: true });
    expect(await states()).toEqual({ pending: 1, delivered: 1 });
  });

  it("stops at 410: the channel is closed, what waited has failed, new events make no rows until it points elsewhere", async () => {
    const channel = await startReceiver(() => "gone");
    await plan(channel, reviewEvents(1));
    startWorker(channel);
    await settled();
    expect(receiver?.received).toHaveLength(1);
    expect(await states()).toEqual({ failed: 2 });
    const { rows } = await database.pool.query("select disabled_reason from notifier.channel where disabled_at is not null");
    expect(rows).toEqual([{ disabled_reason: "the receiver answered 410 Gone" }]);

    const later = reviewEvents(3).filter((event) => event.actionId === "action-2");
    await plan(channel, later);
    expect(await states()).toEqual({ failed: 2 });
    await plan({ ...channel, target: "elsewhere" }, later);
    expect(await states()).toMatchObject({ failed: 2 });
    expect((await database.pool.query("select from notifier.channel where disabled_at is null")).rowCount).toBe(1);
  });

  it("gives a delivery up after the last attempt and says why", async () => {
    const channel = await startReceiver(() => "500");
    await plan(channel, reviewEvents(1));
    startWorker(channel, {}, [1, 1]);
    await settled();
    const { rows } = await database.pool.query("select state, attempts, last_error from notifier.delivery order by position");
    expect(rows).toEqual([
      { state: "failed", attempts: 3, last_error: "the receiver answered 500" },
      { state: "failed", attempts: 3, last_error: "the receiver answered 500" },
    ]);
  });

  it("honours Retry-After", async () => {
    const channel = await startReceiver((request) => (request === 0 ? "429" : "ok"));
    await plan(channel, reviewEvents(1).slice(0, 1));
    const started = performance.now();
    startWorker(channel);
    await settled();
    expect(performance.now() - started).toBeGreaterThan(990);
    expect(receiver?.received).toHaveLength(2);
  });

  it("P4: records a delivery that arrived, although the database was away when it ended", async () => {
    const channel = await startReceiver(() => "ok");
    await plan(channel, reviewEvents(1));
    const store = storeOf(channel);
    let refused = 0;
    const worker = new DeliveryWorker({
      channel,
      store: {
        lease: (options) => store.lease(options),
        refresh: (tenant, actionId) => store.refresh(tenant, actionId),
        record: (delivery, outcome) =>
          refused++ < 2 ? Promise.reject(new Error("the database is away")) : store.record(delivery, outcome),
      },
      readAction: async (tenant, actionId) => ({ ...sampleReview, id: actionId, tenant, version: 5 }),
      sha256,
      random: Math.random,
      retryDelays: [1],
      logger: silentLogger,
      tuning: TUNING,
    });
    workers.push(worker);
    await settled();
    expect(accepted()).toEqual([eventIdOf(0), eventIdOf(1)]);
  });
});
