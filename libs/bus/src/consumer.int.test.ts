import type { Database } from "@countersign/database";
import type { EventLog, RecordedEvent } from "@countersign/event-log";
import { createMemoryEventLog } from "@countersign/event-log/testing";
import { silentLogger } from "@countersign/telemetry";
import { testPostgres, type TestPostgres } from "@countersign/testing";
import type { Kysely } from "kysely";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { readCheckpoint } from "./checkpoint.ts";
import type { RunningConsumer } from "./consumer.ts";
import { consumerCrashes } from "./consumer-crashes.suite.ts";
import { FAR, handFeed, list, listing, migrateForConsumers, range, seen, start } from "./consumer-fixture.ts";
import { READ_LIMIT } from "./event-source.ts";
import { openTestDatabase } from "./test-database.ts";
import { appendActions, appendPair } from "./test-events.ts";

let postgres: TestPostgres;
let database: Database;
let kysely: Kysely<unknown>;
let log: EventLog;
let running: RunningConsumer[];
let count = 0;
let name: string;

beforeAll(async () => {
  postgres = await testPostgres(migrateForConsumers);
  database = openTestDatabase(postgres.url, 8);
  kysely = database.kysely<unknown>();
});
afterAll(async () => {
  await database.close();
  await postgres.drop();
});
beforeEach(() => {
  count += 1;
  name = `test.consumer${count}`;
  log = createMemoryEventLog({ ledger: "main" });
  running = [];
});
afterEach(() => Promise.all(running.map((consumer) => consumer.close())));

const run = async (...[definition, more]: [Parameters<typeof start>[0], Partial<Parameters<typeof start>[1]>?]) => {
  const consumer = await start(definition, { log, database, ...more });
  running.push(consumer);
  return consumer;
};
const head = () => log.nextPosition();
const append = (id: string) => appendPair(log, id);

/** For whoever gathers events, and for whoever looks into the log every second. */
function timeStandsStill(): void {
  vi.useFakeTimers({ toFake: ["setTimeout", "performance"] });
  onTestFinished(() => void vi.useRealTimers());
}
/** What was handled, once it is so many; `expect.poll` would set the clock going. */
async function seenSoon(wanted: number): Promise<readonly number[]> {
  for (const end = Date.now() + 30_000; ; await manyTurns()) {
    const positions = await seen(kysely, name);
    if (positions.length >= wanted || Date.now() > end) return positions;
  }
}
const manyTurns = async () => {
  for (let turn = 0; turn < 100; turn += 1) await new Promise((resolve) => setImmediate(resolve));
};

describe("events", () => {
  test("P5: handles everything in order, from the beginning, with its checkpoint", async () => {
    await appendActions(log, 500);
    const consumer = await run(listing(name));
    await consumer.reached(await head());
    expect(await seen(kysely, name)).toEqual(range(0, 1500));
    expect(await readCheckpoint(kysely, { consumer: name, ledger: "main" })).toBe(1500);
  });

  test("live events need no read of the log", async () => {
    timeStandsStill();
    const feed = handFeed();
    const consumer = await run({ ...listing(name), lingerMs: 0 }, { feed });
    await append("a");
    await consumer.reached(2);
    await manyTurns();
    const reads = vi.spyOn(log, "readAll");
    const events = await append("b");
    feed.send(...events);
    expect(await seenSoon(4)).toEqual([0, 1, 2, 3]);
    expect(reads.mock.calls.filter(([{ from }]) => from === 2)).toHaveLength(0);
  });

  test("P5: a feed that drops, repeats and reorders costs reads, not events", async () => {
    const feed = handFeed();
    log.onCommitted((events) => {
      for (const event of events) {
        if (event.position % 3 !== 1) feed.send(event);
        if (event.position % 5 === 0) feed.send(event);
      }
      const [first] = events;
      if (first !== undefined) feed.send(first);
    });
    const consumer = await run(listing(name), { feed });
    for (let round = 0; round < 10; round += 1) {
      await appendActions(log, 10, `r${round}`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await consumer.reached(await head());
    expect(await seen(kysely, name)).toEqual(range(0, 300));
  });

  test("a gap in the feed is filled from the log at once, not at the next poll", async () => {
    timeStandsStill();
    const feed = handFeed();
    const consumer = await run({ ...listing(name), lingerMs: 0 }, { feed });
    await append("first");
    await consumer.reached(2);
    await append("missed");
    feed.send(...(await append("heard")));
    expect(await seenSoon(6)).toEqual(range(0, 6));
  });

  test("P4: a feed that has stopped for ever only makes it slower", async () => {
    await run(listing(name));
    await append("a");
    await vi.waitFor(async () => expect(await seen(kysely, name)).toEqual([0, 1]), { timeout: 30_000, interval: 50 });
  });

  test("wants only some types: the checkpoint moves past the others", async () => {
    await appendActions(log, 20);
    const consumer = await run({ ...listing(name), types: ["VerdictReached"] });
    await consumer.reached(60);
    expect(await seen(kysely, name)).toEqual(range(0, 20).map((index) => index * 3 + 1));
    await consumer.close();
    expect(await readCheckpoint(kysely, { consumer: name, ledger: "main" })).toBe(60);
  });

  test("events gather no longer than until somebody waits for them, or there are enough", async () => {
    timeStandsStill();
    const feed = handFeed();
    const batches: number[] = [];
    const full = Promise.withResolvers<void>();
    const handle = async (events: readonly RecordedEvent[]) => {
      batches.push(events.length);
      if (events.length === READ_LIMIT) full.resolve();
    };
    const consumer = await run({ name, lingerMs: 1000, handle }, { feed });
    await append("first");
    await consumer.reached(2);
    feed.send(...(await append("waited for")));
    await consumer.reached(4);
    await appendActions(log, 683);
    const [one, ...others] = await log.readAll({ from: 4, limit: READ_LIMIT + 1 });
    if (one !== undefined) feed.send(one);
    await manyTurns();
    feed.send(...others);
    await full.promise;
    await consumer.reached(4 + READ_LIMIT + 1);
    expect(batches).toEqual([2, 2, READ_LIMIT, 1]);
  });

  test("P5: one that is far behind takes whole batches, one after another, and gathers again when it is there", async () => {
    timeStandsStill();
    await appendActions(log, FAR);
    const batches: number[] = [];
    const near = Promise.withResolvers<void>();
    const handle = async (events: readonly RecordedEvent[], transaction: Parameters<typeof list>[2]) => {
      batches.push(events.length);
      await list(name, events, transaction);
      if (batches.length === 2) near.resolve();
    };
    const consumer = await run({ name, lingerMs: 1000, handle });
    await near.promise;
    await consumer.reached(2 * READ_LIMIT);
    await manyTurns();
    expect(batches).toEqual([READ_LIMIT, READ_LIMIT]);
    await consumer.reached(await head());
    expect(batches).toEqual([READ_LIMIT, READ_LIMIT, 3 * FAR - 2 * READ_LIMIT]);
    expect(await seen(kysely, name)).toEqual(range(0, 3 * FAR));
  });

  test("closing ends those who wait", async () => {
    const consumer = await run(listing(name));
    const waiting = consumer.reached(1_000).catch(String);
    await consumer.close();
    expect(await waiting).toMatch(/closed/);
    await expect(consumer.reached(1_000)).rejects.toThrow(/closed/);
  });
});

consumerCrashes(() => ({ url: postgres.url, kysely, log, name, run }));

test("a database without the tables is said aloud, again and again, and does not end the process", async () => {
  const bare = await testPostgres();
  const errors: string[] = [];
  const lost = openTestDatabase(bare.url, 2, null);
  const consumer = await start(listing(name), {
    log,
    database: lost,
    logger: { ...silentLogger, error: (_, message) => errors.push(message) },
  });
  await expect.poll(() => errors.length).toBeGreaterThan(1);
  await consumer.close();
  await lost.close();
  await bare.drop();
});
