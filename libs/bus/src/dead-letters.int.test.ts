import type { Database } from "@countersign/database";
import type { EventLog } from "@countersign/event-log";
import { createMemoryEventLog } from "@countersign/event-log/testing";
import { silentLogger, type Logger } from "@countersign/telemetry";
import { testPostgres, type TestPostgres } from "@countersign/testing";
import type { Kysely } from "kysely";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import type { RunningConsumer } from "./consumer.ts";
import { listing, migrateForConsumers, range, seen, start } from "./consumer-fixture.ts";
import { discardDeadLetter, listConsumers, listDeadLetters, replayDeadLetters } from "./dead-letters.ts";
import { slowBatches } from "./slow-batches.suite.ts";
import { openTestDatabase } from "./test-database.ts";
import { appendActions, appendTo } from "./test-events.ts";

let postgres: TestPostgres;
let database: Database;
let kysely: Kysely<unknown>;
let log: EventLog;
let consumer: RunningConsumer | undefined;
let poison: Set<string>;
let count = 0;
let name: string;
let logged: object[];
const WAIT = { timeout: 20_000, interval: 20 };
const logger: Logger = { ...silentLogger, error: (fields) => logged.push(fields), warn: (fields) => logged.push(fields) };

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
  name = `test.letters${count}`;
  log = createMemoryEventLog({ ledger: "main" });
  poison = new Set();
  logged = [];
});
afterEach(async () => {
  await consumer?.close();
  consumer = undefined;
});

const key = () => ({ consumer: name, ledger: "main" });
const letters = async () => (await listDeadLetters(kysely, { consumer: name }, { limit: 200 })).deadLetters;
const run = async (definition = listing(name, poison)) => (consumer = await start(definition, { log, database, logger }));
const reachedHead = async () => consumer?.reached(await log.nextPosition());

test("P4 P7: an event of a newer build is never passed over, and the build that knows it takes it up by itself", async () => {
  const known = new Set(["A", "B"]);
  const refuseUnknown = ({ type }: { readonly type: string }): void => {
    if (!known.has(type)) throw Object.assign(new Error("secret"), { name: "UnknownEventError" });
  };
  const build = () => start({ ...listing(name), types: ["A"], refuseUnknown }, { log, database, logger });
  await appendTo(log, { id: "one" }, ["A", "New", "B", "A"]);
  await appendTo(log, { id: "two" }, ["A", "B", "A"]);
  consumer = await build();
  await reachedHead();
  expect(await seen(kysely, name)).toEqual([0, 4, 6]);
  expect((await letters()).map(({ position, error, attempts }) => [position, error, attempts])).toEqual([
    [1, "UnknownEventError", 1],
    [3, "waits behind an earlier one of its stream", 0],
  ]);
  expect(logged).toContainEqual(expect.objectContaining({ position: 1, eventType: "New", error: "UnknownEventError" }));
  await consumer.close();
  consumer = await build();
  await vi.waitFor(async () => expect((await letters()).map(({ attempts }) => attempts)).toEqual([2, 0]), WAIT);
  expect(await seen(kysely, name)).toEqual([0, 4, 6]);
  await consumer.close();
  known.add("New");
  consumer = await build();
  await vi.waitFor(async () => expect(await letters()).toEqual([]), WAIT);
  // And handles of it only what it wants.
  expect(await seen(kysely, name)).toEqual([0, 4, 6, 3]);
});

test("one poison event is parked with the rest of its stream; all others go on", async () => {
  await appendTo(log, { id: "good" }, ["A", "B"]);
  await appendTo(log, { id: "bad" }, ["A", "B"]);
  await appendTo(log, { id: "bad", tenant: "other" }, ["A"]);
  poison.add("bad");
  await run();
  await appendTo(log, { id: "good" }, ["C"], { after: 2 });
  await reachedHead();
  expect(await seen(kysely, name)).toEqual([0, 1, 5]);
  const [first, second, third, ...more] = await letters();
  expect(first).toMatchObject({
    consumer: name,
    ledger: "main",
    position: 2,
    tenant: "acme",
    streamType: "action",
    streamId: "bad",
    eventType: "A",
  });
  expect(await listConsumers(kysely, "main")).toContain(name);
  expect(await listConsumers(kysely, "other")).toEqual([]);
  expect(first).toMatchObject({ error: "TypeError", attempts: 3, state: "parked" });
  expect(first?.parkedAt).toBeInstanceOf(Date);
  expect(second).toMatchObject({ position: 3, error: "waits behind an earlier one of its stream", attempts: 0 });
  expect(third).toMatchObject({ position: 4, tenant: "other", attempts: 3 });
  expect(more).toEqual([]);
  expect(JSON.stringify(logged)).not.toContain("secret");
});

test("later events of a parked stream wait, also after a restart; streams of the same name elsewhere do not", async () => {
  poison.add("bad");
  await appendTo(log, { id: "bad" }, ["A"]);
  await run();
  await reachedHead();
  await consumer?.close();
  poison.clear();
  await run();
  await appendTo(log, { id: "bad" }, ["B"], { after: 1 });
  await appendTo(log, { id: "bad", tenant: "other" }, ["A"]);
  await appendTo(log, { id: "bad", type: "policy" }, ["A"]);
  await reachedHead();
  expect(await seen(kysely, name)).toEqual([2, 3]);
  expect((await letters()).map(({ position, attempts }) => [position, attempts])).toEqual([
    [0, 3],
    [1, 0],
  ]);
});

test("replayed dead letters are handled in order and are gone; the stream flows again", async () => {
  poison.add("bad");
  await appendTo(log, { id: "bad" }, ["A", "B"]);
  await appendTo(log, { id: "worse" }, ["A"]);
  await run();
  await reachedHead();
  await appendTo(log, { id: "bad" }, ["C"], { after: 2 });
  await reachedHead();
  poison.clear();
  expect(await replayDeadLetters(kysely, key())).toBe(3);
  await expect.poll(letters).toEqual([]);
  expect(await seen(kysely, name)).toEqual([2, 0, 1, 3]);
  await appendTo(log, { id: "bad" }, ["D"], { after: 3 });
  await reachedHead();
  expect(await seen(kysely, name)).toEqual([2, 0, 1, 3, 4]);
});

test("a replay that fails parks again, counts its tries and keeps what is behind it", async () => {
  poison.add("bad");
  await appendTo(log, { id: "bad" }, ["A", "B"]);
  await run();
  await reachedHead();
  await replayDeadLetters(kysely, key());
  await expect.poll(async () => (await letters())[0]?.attempts).toBe(6);
  expect((await letters()).map(({ position, state, attempts }) => [position, state, attempts])).toEqual([
    [0, "parked", 6],
    [1, "parked", 0],
  ]);
  expect(await seen(kysely, name)).toEqual([]);
});

test("replay of one position takes its whole stream, and only that", async () => {
  poison.add("bad").add("worse");
  await appendTo(log, { id: "bad" }, ["A", "B"]);
  await appendTo(log, { id: "worse" }, ["A"]);
  await run();
  await reachedHead();
  poison.clear();
  expect(await replayDeadLetters(kysely, { ...key(), ledger: "other" }, { position: 1 })).toBe(0);
  expect(await replayDeadLetters(kysely, key(), { position: 1 })).toBe(2);
  await expect.poll(async () => (await letters()).map(({ position }) => position)).toEqual([2]);
  expect(await seen(kysely, name)).toEqual([0, 1]);
});

test("a poison event in the middle of a batch of thousands costs nobody else, and few transactions", async () => {
  await appendActions(log, 400);
  await appendTo(log, { id: "bad" }, ["A"]);
  await appendActions(log, 281, "b");
  await appendTo(log, { id: "bad" }, ["B"], { after: 1 });
  await appendActions(log, 100, "c");
  poison.add("bad");
  const { handle, ...definition } = listing(name, poison);
  let tries = 0;
  consumer = await start(
    { ...definition, handle: (events, transaction) => (tries++, handle(events, transaction)) },
    { log, database, logger },
  );
  await reachedHead();
  expect(await seen(kysely, name)).toEqual([...range(0, 1200), ...range(1201, 2044), ...range(2045, 2345)]);
  expect((await letters()).map(({ position, attempts }) => [position, attempts])).toEqual([
    [1200, 3],
    [2044, 0],
  ]);
  // Two at each of eleven halvings, three of the event itself, the batch, and the next one.
  expect(tries).toBeLessThanOrEqual(2 * 11 + 3 + 2);
});

slowBatches(() => ({ kysely, log, name, poison, logged, letters, run }));

test("the list comes in pages, of one tenant if asked", async () => {
  poison.add("bad");
  for (const tenant of ["t1", "t2", "t3"]) await appendTo(log, { id: "bad", tenant }, ["A", "B"]);
  await run();
  await reachedHead();
  const first = await listDeadLetters(kysely, { consumer: name }, { limit: 4 });
  expect(first.deadLetters.map(({ position }) => position)).toEqual([0, 1, 2, 3]);
  const second = await listDeadLetters(
    kysely,
    { consumer: name },
    { limit: 4, ...(first.next === undefined ? {} : { after: first.next }) },
  );
  expect(second.deadLetters.map(({ position }) => position)).toEqual([4, 5]);
  expect(second.next).toBeUndefined();
  expect((await listDeadLetters(kysely, { consumer: name, tenant: "t2" })).deadLetters.map(({ position }) => position)).toEqual([2, 3]);
  await expect(listDeadLetters(kysely, {}, { after: "nonsense" })).rejects.toThrow(RangeError);
});

test("P8: a replay for one tenant leaves the others' alone, also when it names their position", async () => {
  poison.add("bad");
  await appendTo(log, { id: "bad" }, ["A"]);
  await appendTo(log, { id: "bad", tenant: "other" }, ["A"]);
  await run();
  await reachedHead();
  poison.clear();
  expect(await replayDeadLetters(kysely, key(), { position: 1, tenant: "acme" })).toBe(0);
  expect(await replayDeadLetters(kysely, key(), { tenant: "acme" })).toBe(1);
  await expect.poll(async () => (await letters()).map(({ position }) => position)).toEqual([1]);
  expect((await listDeadLetters(kysely, { consumer: name, tenant: "acme" })).deadLetters).toEqual([]);
});

test("a discarded one is never handled, what waits behind it is, and the stream flows again", async () => {
  poison.add("bad");
  await appendTo(log, { id: "bad" }, ["A", "B"]);
  await run();
  await reachedHead();
  poison.clear();
  const recorded: number[] = [];
  const record = async (positions: readonly number[]): Promise<void> => void recorded.push(...positions);
  expect(await discardDeadLetter(kysely, key(), { tenant: "other", position: 0, record })).toBe(false);
  expect(await discardDeadLetter(kysely, key(), { tenant: "acme", position: 0, record })).toBe(true);
  expect(await discardDeadLetter(kysely, key(), { tenant: "acme", position: 0, record })).toBe(false);
  expect(recorded).toEqual([0]);
  await expect.poll(async () => (await letters()).map(({ position, state }) => [position, state])).toEqual([[0, "discarded"]]);
  await appendTo(log, { id: "bad" }, ["C"], { after: 2 });
  await reachedHead();
  await expect.poll(() => seen(kysely, name)).toEqual([1, 2]);
  expect(await replayDeadLetters(kysely, key())).toBe(0);
});

test("P4: what cannot be recorded does not happen", async () => {
  poison.add("bad");
  await appendTo(log, { id: "bad" }, ["A"]);
  await run();
  await reachedHead();
  const refuse = async (): Promise<void> => Promise.reject(new Error("the log is away"));
  await expect(discardDeadLetter(kysely, key(), { tenant: "acme", position: 0, record: refuse })).rejects.toThrow("away");
  await expect(replayDeadLetters(kysely, key(), { record: refuse })).rejects.toThrow("away");
  expect(await letters()).toMatchObject([{ position: 0, state: "parked" }]);
});
