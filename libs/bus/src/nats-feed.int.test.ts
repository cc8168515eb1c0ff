import type { RecordedEvent } from "@countersign/event-log";
import { createMemoryEventLog } from "@countersign/event-log/testing";
import { silentLogger } from "@countersign/telemetry";
import { testNats, type TestNats } from "@countersign/testing";
import type { NatsConnection } from "@nats-io/transport-node";
import { afterEach, beforeEach, expect, test } from "vitest";
import { connectNats } from "./connect.ts";
import { natsFeed } from "./nats-feed.ts";
import { startRelay, type RunningRelay } from "./start-relay.ts";
import { appendTo } from "./test-events.ts";

let nats: TestNats;
let reader: NatsConnection;
let writer: NatsConnection;
let relay: RunningRelay;
const log = () => createMemoryEventLog({ ledger: "main" });
let events: ReturnType<typeof log>;

beforeEach(async () => {
  nats = await testNats();
  [reader, writer] = await Promise.all([connectNats({ url: nats.url, name: "reader" }), connectNats({ url: nats.url, name: "writer" })]);
  events = log();
  relay = startRelay({ log: events, connection: writer, prefix: nats.prefix, logger: silentLogger });
});
afterEach(async () => {
  await relay.close();
  await Promise.all([reader.close(), writer.close()]);
});

const open = () => natsFeed(reader, { prefix: nats.prefix, ledger: "main", logger: silentLogger });

test("events arrive as they were recorded, to each listener by its filter", async () => {
  const feed = open();
  const heard: Record<string, RecordedEvent[]> = { all: [], acme: [], policy: [], both: [] };
  feed.subscribe((event) => heard["all"]?.push(event));
  feed.subscribe((event) => heard["acme"]?.push(event), { tenant: "acme" });
  feed.subscribe((event) => heard["policy"]?.push(event), { streamType: "policy" });
  feed.subscribe((event) => heard["both"]?.push(event), { tenant: "acme", streamType: "policy" });
  await reader.flush();
  const [first] = await appendTo(events, { id: "a1" }, ["ActionRequested"]);
  await appendTo(events, { id: "a1", tenant: "other" }, ["ActionRequested"]);
  await appendTo(events, { id: "default", type: "policy" }, ["PolicyPublished"]);
  await expect.poll(() => heard["all"]?.length).toBe(3);
  const arrived = heard["all"]?.[0];
  expect(arrived).toMatchObject({
    ledger: "main",
    position: 0,
    stream: first?.stream,
    type: "ActionRequested",
    time: first?.time,
    actor: first?.actor,
  });
  expect(Buffer.compare(arrived?.entry ?? new Uint8Array(), first?.entry ?? new Uint8Array())).toBe(0);
  expect(Buffer.compare(arrived?.leafHash ?? new Uint8Array(), first?.leafHash ?? new Uint8Array())).toBe(0);
  expect(Object.fromEntries(Object.entries(heard).map(([name, list]) => [name, list.map(({ position }) => position)]))).toEqual({
    all: [0, 1, 2],
    acme: [0, 2],
    policy: [2],
    both: [2],
  });
});

test("a listener that throws does not silence the others, nor itself", async () => {
  const feed = open();
  let calls = 0;
  const heard: number[] = [];
  feed.subscribe(() => {
    calls += 1;
    throw new Error("broken listener");
  });
  feed.subscribe((event) => heard.push(event.position));
  await reader.flush();
  await appendTo(events, { id: "a1" }, ["A", "B"]);
  await expect.poll(() => heard).toEqual([0, 1]);
  expect(calls).toBe(2);
});

test("what is no entry, or of another ledger, is dropped", async () => {
  const feed = open();
  const heard: string[] = [];
  feed.subscribe((event) => heard.push(`${event.ledger} ${event.stream.id}`));
  await reader.flush();
  writer.publish(`${nats.prefix}.evt.main.acme.action.Forged`, Uint8Array.of(0xff, 0xff));
  const foreign = createMemoryEventLog({ ledger: "foreign" });
  const [event] = await appendTo(foreign, { id: "a1" }, ["A"]);
  writer.publish(`${nats.prefix}.evt.main.acme.action.Foreign`, event?.entry);
  const [last] = await appendTo(log(), { id: "last" }, ["A"]);
  writer.publish(`${nats.prefix}.evt.main.acme.action.A`, last?.entry);
  await expect.poll(() => heard.length).toBeGreaterThan(0);
  expect(heard).toEqual(["main last"]);
});

test("listeners of one shape share a subscription, which ends with the last of them", async () => {
  const feed = open();
  const before = reader.stats().inMsgs;
  const heard: string[] = [];
  const ends = ["a", "b", "c"].map((name) => feed.subscribe(() => heard.push(name)));
  await reader.flush();
  await appendTo(events, { id: "a1" }, ["A"]);
  await expect.poll(() => heard.length).toBe(3);
  expect(reader.stats().inMsgs - before).toBe(1);
  for (const end of ends) end();
  await reader.flush();
  await appendTo(events, { id: "a2" }, ["A"]);
  await writer.flush();
  await reader.flush();
  await reader.flush();
  expect(heard).toEqual(["a", "b", "c"]);
  feed.subscribe(() => heard.push("again"));
  await reader.flush();
  await appendTo(events, { id: "a3" }, ["A"]);
  await expect.poll(() => heard.at(-1)).toBe("again");
});

test("P8: a filter cannot be widened by its values", () => {
  expect(() => open().subscribe(() => {}, { tenant: "*" })).toThrow(/cannot be part of a subject/);
  expect(() => open().subscribe(() => {}, { tenant: "acme.>" })).toThrow(/cannot be part of a subject/);
});

test("a process that relays hears its own events from memory, once, and everybody else's over NATS", async () => {
  const own = await connectNats({ url: nats.url, name: "own", echo: false });
  const feed = natsFeed(own, { prefix: nats.prefix, ledger: "main", logger: silentLogger });
  const heard: RecordedEvent[] = [];
  const tenants: string[] = [];
  feed.subscribe((event) => heard.push(event));
  feed.subscribe((event) => tenants.push(event.stream.tenant), { tenant: "other" });
  const far: number[] = [];
  open().subscribe((event) => far.push(event.position));
  await Promise.all([own.flush(), reader.flush()]);
  await relay.close();
  relay = startRelay({
    log: events,
    connection: own,
    prefix: nats.prefix,
    logger: silentLogger,
    onPublished: (event) => feed.hear(event),
  });
  const recorded = await appendTo(events, { id: "a1" }, ["ActionRequested", "VerdictReached"]);
  await expect.poll(() => far).toEqual([0, 1]);
  await own.flush();
  // The very objects: nothing was sent for them, nothing decoded.
  expect(heard).toEqual(recorded);
  expect(heard[0]).toBe(recorded[0]);
  expect(tenants).toEqual([]);

  await relay.close();
  relay = startRelay({ log: events, connection: writer, prefix: nats.prefix, logger: silentLogger });
  await appendTo(events, { id: "a2", tenant: "other" }, ["ActionRequested"]);
  await expect.poll(() => heard.map(({ position }) => position)).toEqual([0, 1, 2]);
  expect(tenants).toEqual(["other"]);
  await own.close();
});

test("what a process hears from memory comes after the turn in which it was sent: by then its own caches know it", async () => {
  const feed = open();
  const order: string[] = [];
  feed.subscribe((event) => order.push(event.type));
  const [event] = await appendTo(log(), { id: "a1" }, ["ActionRequested"]);
  if (event !== undefined) feed.hear(event);
  await Promise.resolve().then(() => order.push("whoever appended it went on"));
  await expect.poll(() => order).toEqual(["whoever appended it went on", "ActionRequested"]);
});
