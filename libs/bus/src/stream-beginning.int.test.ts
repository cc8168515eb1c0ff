import type { EventLog } from "@countersign/event-log";
import { createMemoryEventLog } from "@countersign/event-log/testing";
import { silentLogger } from "@countersign/telemetry";
import { testNats } from "@countersign/testing";
import { jetstreamManager, type JetStreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { afterEach, beforeEach, expect, test } from "vitest";
import { connectNats } from "./connect.ts";
import { jetStreamCopy } from "./ledger-copy.ts";
import { startRelay } from "./start-relay.ts";
import { eventStreamName } from "./subjects.ts";
import { appendTo } from "./test-events.ts";

const LIMITS = { maxAgeMs: 7 * 86_400_000 };
const OLD = new Date("2020-01-01T00:00:00Z");
const YOUNG = new Date("2020-03-01T00:00:00Z");
const POLL = { timeout: 20_000, interval: 20 };

let connection: NatsConnection;
let manager: JetStreamManager;
let prefix: string;
let stream: string;
let log: EventLog;
let resumed: unknown[];
let ends: (() => Promise<unknown>)[];

beforeEach(async () => {
  const { url, prefix: own } = await testNats();
  [prefix, stream] = [own, eventStreamName(own, "main")];
  connection = await connectNats({ url, name: "stream-beginning-test" });
  manager = await jetstreamManager(connection, { checkAPI: false, timeout: 5000 });
  [resumed, ends] = [[], [() => connection.close()]];
  log = createMemoryEventLog({ ledger: "main" });
  for (let index = 0; index < 40; index += 1) await appendTo(log, { id: `old${index}` }, ["A", "B", "C"], { time: OLD });
  await appendTo(log, { id: "young" }, ["A", "B", "C"], { time: YOUNG });
});
afterEach(async () => {
  for (const end of ends.toReversed()) await end();
});

function relay(limits = LIMITS): void {
  const logger = { ...silentLogger, info: (fields: object) => resumed.push(fields) };
  const running = startRelay({ log, connection, prefix, limits, logger });
  ends.push(() => running.close());
}
const state = async () => (await manager.streams.info(stream).catch(() => undefined))?.state;

/** What the stream holds is the log, each event at the sequence of its position; from somewhere before the young events on, where nats-server can begin there (2.10). */
async function expectCopy(head: number): Promise<void> {
  await expect.poll(state, POLL).toMatchObject({ last_seq: head });
  const { first_seq: first, messages } = (await manager.streams.info(stream)).state;
  const whole = connection.info?.version.startsWith("2.9.") ?? false;
  expect(first).toBeGreaterThan(whole ? 0 : 120 - 16);
  expect(first).toBeLessThanOrEqual(whole ? 1 : 121);
  expect(messages).toBe(head - first + 1);
  const events = await log.readAll({ from: first - 1, limit: 1000 });
  const bodies: (Uint8Array | undefined)[] = [];
  for await (const { data } of jetStreamCopy(connection, { prefix, ledger: "main" }).messages(first, head))
    bodies.push(data && new Uint8Array(data));
  expect(bodies).toEqual(events.map(({ entry }) => new Uint8Array(entry)));
}

test("a stream whose events have all aged out is known to have had them", async () => {
  const copy = jetStreamCopy(connection, { prefix, ledger: "main" });
  expect(await copy.bounds()).toBeUndefined();
  await manager.streams.add({ name: stream, subjects: [`${prefix}.evt.main.>`] });
  expect(await copy.bounds()).toEqual({ first: 1, last: 0 });
  for (let event = 0; event < 3; event += 1) await connection.request(`${prefix}.evt.main.acme.action.A`, "", { timeout: 20_000 });
  expect(await copy.bounds()).toEqual({ first: 1, last: 3 });
  await manager.streams.purge(stream);
  expect(await copy.bounds()).toEqual({ first: 4, last: 3 });
});

test("P4: a stream that was lost begins at what it would still keep, and what is appended goes on there", async () => {
  relay();
  await expectCopy(123);
  await appendTo(log, { id: "meanwhile" }, ["A"], { time: YOUNG });
  await expectCopy(124);
  await manager.streams.delete(stream);
  await appendTo(log, { id: "later" }, ["A"], { time: YOUNG });
  await expectCopy(125);
});

test("P4: a relay goes on in a stream that begins late, and mends its settings", async () => {
  const first = startRelay({ log, connection, prefix, limits: LIMITS, logger: silentLogger });
  await expectCopy(123);
  await first.close();
  relay({ maxAgeMs: LIMITS.maxAgeMs * 2 });
  await appendTo(log, { id: "later" }, ["A"], { time: YOUNG });
  await expectCopy(124);
  expect(resumed).toEqual([{ ledger: "main", position: 123 }]);
  expect((await manager.streams.info(stream)).config).toMatchObject({ max_age: LIMITS.maxAgeMs * 2_000_000, deny_purge: true });
});

test("P4: two relays that make the stream at once leave no gap", async () => {
  relay();
  relay();
  await expectCopy(123);
  await appendTo(log, { id: "later" }, ["A"], { time: YOUNG });
  await expectCopy(124);
});

test("P4: a stream that holds something goes on where it ends, however old that is", async () => {
  const kept: EventLog = createMemoryEventLog({ ledger: "main" });
  await appendTo(kept, { id: "old0" }, ["A"], { time: OLD });
  log = kept;
  relay();
  await expect.poll(state, POLL).toMatchObject({ last_seq: 1 });
  await appendTo(log, { id: "old1" }, ["A"], { time: OLD });
  await appendTo(log, { id: "young" }, ["A"], { time: YOUNG });
  await expect.poll(state, POLL).toMatchObject({ first_seq: 1, last_seq: 3, messages: 3 });
});
