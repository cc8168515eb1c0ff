import { openDatabase, type Database } from "@countersign/database";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { planDeliveries, type LoggedEvent } from "../../domain/plan-deliveries.ts";
import { notifierDatabase, type NotifierDatabase } from "../../testing/notifier-database.ts";
import { reviewEvents } from "../../testing/review-events.ts";
import type { LeasedDelivery } from "../../usecases/delivery-store.ts";
import { webhookChannel } from "../webhook/webhook-channel.ts";
import type { DeliveryStoreOptions } from "./delivery-store-options.ts";
import { postgresDeliveryStore } from "./delivery-store.ts";
import { listFailed, retryFailed } from "./failed-deliveries.ts";
import { isFirstTime, pruneDeliveries } from "./housekeeping.ts";
import { registerChannels, storePlan } from "./plan-store.ts";
import { processLock, type ProcessLock } from "./process-lock.ts";

const BREAKER = { failures: 3, firstPauseMs: 60_000, longestPauseMs: 120_000 };
let tables: NotifierDatabase;
let database: Database;
let owner: ProcessLock;

beforeAll(async () => {
  tables = await notifierDatabase();
  ({ database } = tables);
  owner = processLock(database.kysely<unknown>());
});
afterAll(async () => {
  await owner.release();
  await tables.close();
});
beforeEach(async () => {
  await tables.superuser.pool.query("truncate notifier.channel, notifier.review, notifier.delivery, notifier.rate, notifier.seen_request");
  await database.pool.query(
    "insert into notifier.channel (ledger, name, kind, target, since_position) values ('main', 'chat', 't', 't', 0), ('main', 'other', 't', 't', 0)",
  );
});

function storeOf(change: Partial<DeliveryStoreOptions> = {}) {
  return postgresDeliveryStore(database.kysely<unknown>(), {
    ledger: "main",
    channel: "chat",
    owner,
    limits: [],
    breaker: BREAKER,
    ...change,
  });
}

/** `events` events of each of `actions` actions, at versions 3, 4, ... */
async function planned(actions: number, events = 1, channel = "chat"): Promise<void> {
  await database.pool.query(
    `insert into notifier.delivery (ledger, channel, tenant, action_id, event_id, event_type, position, stream_version, event_time, traceparent)
     select 'main', $3, 'acme', 'action-' || a, gen_random_uuid(), case e when 0 then 'ReviewOpened' else 'VoteCast' end, e * 1000 + a, 3 + e, now(), ''
     from generate_series(1, $1::int) a, generate_series(0, $2::int - 1) e`,
    [actions, events, channel],
  );
}

const lease = async (store = storeOf(), most = 8): Promise<readonly LeasedDelivery[]> =>
  (await store.lease({ most, leaseMs: 60_000 })).deliveries;
const failed = { outcome: "retry", delayMs: 0, error: "500", counts: true } as const;
const shown = (shownVersion: number) => ({ outcome: "delivered", externalRef: "C1/1.2", shownVersion }) as const;
const states = async (): Promise<string[]> =>
  (await database.pool.query<{ state: string }>("select state from notifier.delivery order by position")).rows.map(({ state }) => state);

describe("delivery store", () => {
  it("P4: what a killed process held comes again as soon as its connection is gone, not when its lease would end", async () => {
    await planned(1);
    const dying = openDatabase({ url: tables.url });
    const lock = processLock(dying.kysely<unknown>());
    expect(await lease(storeOf({ owner: lock }))).toHaveLength(1);
    await database.pool.query("update notifier.delivery set leased_at = now() - interval '10 seconds'");
    expect(await lease()).toEqual([]);
    await lock.release();
    await database.pool.query("update notifier.delivery set leased_at = now() - interval '1 second'");
    expect(await lease()).toEqual([]);
    await database.pool.query("update notifier.delivery set leased_at = now() - interval '10 seconds'");
    expect(await lease()).toMatchObject([{ attempts: 2 }]);
    await dying.close();
  });

  it("a rate limit is shared by every channel and process that names the bucket, and outlives them", async () => {
    await planned(10);
    await planned(10, 1, "other");
    const limits = [
      { bucket: "app", perSecond: 0.001, burst: 5 },
      { bucket: "room", perSecond: 0.001, burst: 3 },
    ];
    expect(await lease(storeOf({ limits }), 2)).toHaveLength(2);
    expect(await lease(storeOf({ limits }), 8)).toHaveLength(1);
    const held = await storeOf({ limits }).lease({ most: 8, leaseMs: 60_000 });
    expect(held.deliveries).toEqual([]);
    expect(held.againInMs).toBeGreaterThan(900_000);
    expect(await lease(storeOf({ channel: "other", limits: limits.slice(0, 1) }), 8)).toHaveLength(2);
  });

  it("a bucket fills up with time, never above its burst", async () => {
    await planned(10);
    const limits = [{ bucket: "room", perSecond: 1, burst: 2 }];
    expect(await lease(storeOf({ limits }))).toHaveLength(2);
    await database.pool.query("update notifier.rate set refilled_at = now() - interval '1.2 seconds'");
    expect(await lease(storeOf({ limits }))).toHaveLength(1);
    await database.pool.query("update notifier.rate set refilled_at = now() - interval '1 hour'");
    expect(await lease(storeOf({ limits }))).toHaveLength(2);
  });

  it("after some failures in a row the channel pauses, then tries one, and one success opens it", async () => {
    await planned(6);
    const store = storeOf();
    for (const delivery of (await lease(store)).slice(0, 3)) await store.record(delivery, failed);
    await database.pool.query("update notifier.delivery set lease_until = now() - interval '1 second'");
    expect(await lease(store)).toEqual([]);
    await database.pool.query("update notifier.channel set resume_at = now() - interval '1 second'");
    const [probe, ...more] = await lease(store);
    expect(more).toEqual([]);
    await store.record(probe!, shown(3));
    expect(await lease(store)).toHaveLength(5);
  });

  it("Retry-After holds the whole channel back, for every process, and spends no attempt", async () => {
    await planned(2);
    const store = storeOf();
    const [one] = await lease(store, 1);
    await store.record(one!, { outcome: "retry", delayMs: 30_000, error: "429", counts: false, pausesChannel: true });
    expect(await lease(storeOf())).toEqual([]);
    await database.pool.query("update notifier.channel set resume_at = now(); update notifier.delivery set next_attempt_at = now()");
    expect(await lease(storeOf())).toMatchObject([{ attempts: 1 }, { attempts: 1 }]);
  });

  it("a message that shows a version needs nothing more for events up to it", async () => {
    await planned(1, 4);
    const store = storeOf();
    const [first] = await lease(store);
    await store.record(first!, shown(5));
    expect(await states()).toEqual(["delivered", "superseded", "superseded", "pending"]);
    expect(await lease(store)).toMatchObject([{ streamVersion: 6, shownBefore: true, shownVersion: 5, earlierRef: "C1/1.2" }]);
  });

  it("a refresh makes the last message come again as if it showed nothing", async () => {
    await planned(1, 2);
    const store = storeOf();
    for (const version of [3, 4]) await store.record((await lease(store))[0]!, shown(version));
    await store.refresh("other", "action-1");
    expect(await states()).toEqual(["delivered", "delivered"]);
    await store.refresh("acme", "action-1");
    expect(await states()).toEqual(["delivered", "pending"]);
    expect(await lease(store)).toMatchObject([{ attempts: 1, shownBefore: true, shownVersion: undefined, earlierRef: "C1/1.2" }]);
  });

  it("dead letters are listed and get another round, as tried before", async () => {
    await planned(1);
    const store = storeOf();
    await store.record((await lease(store))[0]!, { outcome: "failed", error: "invalid_blocks", disablesChannel: false });
    const dead = await listFailed(database.kysely<unknown>(), "main", "acme", { channel: "", after: 0, limit: 10 });
    expect(dead).toMatchObject([{ channel: "chat", actionId: "action-1", error: "invalid_blocks" }]);
    expect(await listFailed(database.kysely<unknown>(), "main", "other", { channel: "", after: 0, limit: 10 })).toEqual([]);
    expect(await retryFailed(database.kysely<unknown>(), "main", "other", "chat", [])).toBe(0);
    expect(await retryFailed(database.kysely<unknown>(), "main", "acme", dead[0]!.channel, [dead[0]!.id])).toBe(1);
    expect(await retryFailed(database.kysely<unknown>(), "main", "acme", dead[0]!.channel, [dead[0]!.id])).toBe(0);
    expect(await lease(store)).toMatchObject([{ attempts: 2 }]);
  });

  it("forgets what is old and over, and nothing about an action that is still told of", async () => {
    await planned(2, 2);
    await database.pool.query("insert into notifier.review select 'acme', 'action-' || a from generate_series(1, 2) a");
    await database.pool.query("update notifier.review set created_at = now() - interval '100 days'");
    await database.pool.query("update notifier.delivery set state = 'delivered', updated_at = now() - interval '91 days'");
    await database.pool.query(
      "update notifier.delivery set updated_at = now() - interval '80 days' where action_id = 'action-2' and stream_version = 4",
    );
    expect(await pruneDeliveries(database.kysely<unknown>(), 90)).toBe(2);
    expect((await database.pool.query("select action_id from notifier.review")).rows).toEqual([{ action_id: "action-2" }]);
    expect(await states()).toHaveLength(2);
  });

  it("P4: a signed request counts once, in whichever process it arrives", async () => {
    const answers = await Promise.all(Array.from({ length: 8 }, () => isFirstTime(database.kysely<unknown>(), "slack", "v0=ab")));
    expect(answers.filter(Boolean)).toHaveLength(1);
    expect(await isFirstTime(database.kysely<unknown>(), "teams", "v0=ab")).toBe(true);
  });
});

describe("storePlan", () => {
  const HOOK = webhookChannel({
    name: "hook",
    url: "https://hooks.example/in",
    secrets: [`whsec_${Buffer.alloc(24, 1).toString("base64")}`],
    tenants: "all",
    events: ["ReviewOpened", "ActionApproved"],
    rules: { allowedHosts: [] },
    clock: () => new Date(),
  });
  const pending = (count: number) => Array.from({ length: count }, () => "pending");

  async function plan(events: readonly LoggedEvent[]): Promise<void> {
    const kysely = database.kysely<unknown>();
    await registerChannels(kysely, "main", [HOOK], 0);
    await kysely.transaction().execute((transaction) => storePlan(transaction, "main", planDeliveries(events, [HOOK])));
  }

  it("makes one row for each event and channel, however often it is planned", async () => {
    await plan(reviewEvents(5));
    await plan(reviewEvents(5));
    expect(await states()).toEqual(pending(10));
  });

  it("makes no rows for actions without a review", async () => {
    await plan(reviewEvents(5).filter((event) => event.type === "ActionApproved"));
    expect(await states()).toEqual([]);
  });

  it("P8: does not take a review of one tenant for that of another", async () => {
    const events = reviewEvents(1);
    await plan([events[0]!, { ...events[1]!, tenant: "other" }]);
    expect(await states()).toEqual(pending(1));
  });

  it("tells a new channel nothing of the past", async () => {
    await registerChannels(database.kysely<unknown>(), "main", [HOOK], 3);
    await plan(reviewEvents(3));
    expect(await states()).toEqual(pending(3));
  });
});
