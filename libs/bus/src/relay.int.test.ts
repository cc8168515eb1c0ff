import type { EventLog, ReadRange } from "@countersign/event-log";
import { createMemoryEventLog } from "@countersign/event-log/testing";
import { silentLogger, type Logger } from "@countersign/telemetry";
import { startNatsServer, testNats, type NatsServer } from "@countersign/testing";
import { jetstreamManager, type JetStreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, onTestFinished, test } from "vitest";
import { connectNats } from "./connect.ts";
import { uuidText } from "./event-headers.ts";
import { startRelay, type RelayDeps, type RunningRelay } from "./start-relay.ts";
import { eventStreamName } from "./subjects.ts";
import { appendActions, appendTo, storedBodies } from "./test-events.ts";
import { publishWakeups } from "./wakeups.ts";

const ends: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

async function connected(url: string): Promise<{ connection: NatsConnection; manager: JetStreamManager }> {
  const connection = await connectNats({ url, name: "relay-test" });
  ends.push(() => connection.close());
  return { connection, manager: await jetstreamManager(connection, { checkAPI: false, timeout: 2000 }) };
}

function relay(deps: Omit<RelayDeps<unknown>, "logger">, logger: Logger = silentLogger): RunningRelay {
  const running = startRelay({ logger, ...deps });
  ends.push(() => running.close());
  return running;
}

/** The stream holds the log, byte for byte, each position at its sequence. */
async function expectCopy(manager: JetStreamManager, prefix: string, log: EventLog): Promise<void> {
  const name = eventStreamName(prefix, log.ledger);
  const head = await log.nextPosition();
  await expect.poll(async () => (await manager.streams.info(name).catch(() => undefined))?.state.last_seq, { interval: 20 }).toBe(head);
  const events = await log.readAll({ from: 0, limit: 10_000 });
  expect(await storedBodies(manager, name)).toEqual(events.map((event) => new Uint8Array(event.entry)));
}

/** The log as another process has it: to read. */
const readerOf = (log: EventLog) => ({
  ledger: log.ledger,
  readAll: (range: ReadRange) => log.readAll(range),
  nextPosition: () => log.nextPosition(),
});

const lastSequence = (manager: JetStreamManager, prefix: string) => async () =>
  (await manager.streams.info(eventStreamName(prefix, "main")).catch(() => undefined))?.state.last_seq;

describe("relay on a server of all tests", () => {
  test("copies what was there before and what comes later, with CloudEvents headers", async () => {
    const { url, prefix } = await testNats();
    const { connection, manager } = await connected(url);
    const log = createMemoryEventLog({ ledger: "main" });
    await appendActions(log, 400);
    relay({ log, connection, prefix });
    const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const [event] = await appendTo(log, { id: "später 1%" }, ["ActionRequested"], { traceparent });
    await expectCopy(manager, prefix, log);
    const message = await manager.streams.getMessage(eventStreamName(prefix, "main"), { seq: 1201 });
    const id = uuidText(event?.eventId ?? new Uint8Array(16));
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/);
    expect(message?.subject).toBe(`${prefix}.evt.main.acme.action.ActionRequested`);
    expect(Object.fromEntries([...(message?.header ?? [])].map(([name, [value]]) => [name, value]))).toEqual({
      "ce-specversion": "1.0",
      "ce-id": id,
      "ce-source": "/countersign/main",
      "ce-type": "dev.countersign.ActionRequested",
      "ce-time": "2026-11-21T12:00:00.123Z",
      "ce-subject": "sp%C3%A4ter%201%25",
      "ce-datacontenttype": "application/protobuf",
      "ce-position": "1200",
      "ce-tenant": "acme",
      "ce-streamversion": "1",
      "ce-tenantsequence": "1",
      traceparent,
      "Nats-Expected-Last-Sequence": "1200",
    });
    expect(new Uint8Array(message?.data ?? [])).toEqual(new Uint8Array(event?.entry ?? []));
  });

  test("the stream is protected and has the settings that were asked for", async () => {
    const { url, prefix } = await testNats();
    const { connection, manager } = await connected(url);
    const log = createMemoryEventLog({ ledger: "main" });
    relay({ log, connection, prefix, limits: { maxAgeMs: 60_000 } });
    await expect.poll(lastSequence(manager, prefix)).toBe(0);
    const { config } = await manager.streams.info(eventStreamName(prefix, "main"));
    expect(config).toMatchObject({
      storage: "file",
      deny_delete: true,
      deny_purge: true,
      max_age: 60_000_000_000,
      subjects: [`${prefix}.evt.main.>`],
    });
    await expect(manager.streams.purge(config.name)).rejects.toThrow();
  });

  test("P4: two relays without a lease fence each other: each position once, in order", async () => {
    const { url, prefix } = await testNats();
    const { manager, connection } = await connected(url);
    const other = await connected(url);
    const log = createMemoryEventLog({ ledger: "main" });
    relay({ log, connection, prefix, pollMs: 20 });
    relay({ log, connection: other.connection, prefix, pollMs: 20 });
    for (let round = 0; round < 20; round += 1) {
      await appendActions(log, 20, `r${round}-`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await expectCopy(manager, prefix, log);
  });

  test("a log in another process: a wake-up is quicker than the poll", async () => {
    const { url, prefix } = await testNats();
    const { connection, manager } = await connected(url);
    const appender = await connected(url);
    const log = createMemoryEventLog({ ledger: "main" });
    relay({ log: readerOf(log), connection, prefix, pollMs: 60_000 });
    await expect.poll(lastSequence(manager, prefix)).toBe(0);
    const end = publishWakeups(log, appender.connection, prefix);
    await appendTo(log, { id: "a1" }, ["ActionRequested"]);
    await expect.poll(lastSequence(manager, prefix), { interval: 10 }).toBe(1);
    end();
  });

  test("a log in another process, every wake-up lost: the poll finds it", async () => {
    const { url, prefix } = await testNats();
    const { connection, manager } = await connected(url);
    const log = createMemoryEventLog({ ledger: "main" });
    relay({ log: readerOf(log), connection, prefix, pollMs: 50 });
    await expect.poll(lastSequence(manager, prefix)).toBe(0);
    await appendTo(log, { id: "a1" }, ["ActionRequested"]);
    await expect.poll(lastSequence(manager, prefix), { interval: 10 }).toBe(1);
  });

  test("P4: a stream whose messages have all aged out still says where it ends: the next relay goes on there", async () => {
    const { url, prefix } = await testNats();
    const { connection, manager } = await connected(url);
    const log = createMemoryEventLog({ ledger: "main" });
    await appendActions(log, 10);
    const limits = { maxAgeMs: 100 };
    const first = startRelay({ log, connection, prefix, limits, logger: silentLogger });
    const state = async () => (await manager.streams.info(eventStreamName(prefix, "main")).catch(() => undefined))?.state;
    await expect.poll(state, { timeout: 20_000, interval: 20 }).toMatchObject({ messages: 0, last_seq: 30 });
    await first.close();
    const resumed: unknown[] = [];
    relay({ log, connection, prefix, limits }, { ...silentLogger, info: (fields) => resumed.push(fields) });
    await appendActions(log, 5, "later");
    await expect.poll(lastSequence(manager, prefix), { timeout: 20_000, interval: 20 }).toBe(45);
    expect(resumed).toEqual([{ ledger: "main", position: 30 }]);
  });

  test("P4: a log restored from a backup wins over the stream: ahead", async () => {
    const { url, prefix } = await testNats();
    const { connection, manager } = await connected(url);
    const first = createMemoryEventLog({ ledger: "main" });
    await appendActions(first, 20);
    await relayUntilCopied(first, { connection, manager, prefix });
    const restored = createMemoryEventLog({ ledger: "main" });
    await appendActions(restored, 5, "restored");
    const errors: string[] = [];
    relay({ log: restored, connection, prefix }, { ...silentLogger, error: (_, message) => errors.push(message) });
    await expectCopy(manager, prefix, restored);
    expect(errors).toEqual([expect.stringContaining("ahead of the log")]);
  });

  test("P4: a log restored from a backup wins over the stream: went on elsewhere", async () => {
    const { url, prefix } = await testNats();
    const { connection, manager } = await connected(url);
    const first = createMemoryEventLog({ ledger: "main" });
    await appendActions(first, 5);
    await relayUntilCopied(first, { connection, manager, prefix });
    const restored = createMemoryEventLog({ ledger: "main" });
    await appendActions(restored, 50, "restored");
    const errors: string[] = [];
    relay({ log: restored, connection, prefix }, { ...silentLogger, error: (_, message) => errors.push(message) });
    await expectCopy(manager, prefix, restored);
    expect(errors).toEqual([expect.stringContaining("another event than the log")]);
  });

  test("P8: an event whose tenant would change the subject is never published; the relay says so and stays before it", async () => {
    const { url, prefix } = await testNats();
    const { connection, manager } = await connected(url);
    const log = createMemoryEventLog({ ledger: "main" });
    await appendTo(log, { id: "a1" }, ["ActionRequested"]);
    await appendTo(log, { id: "a2", tenant: "Evil" }, ["ActionRequested"]);
    await appendTo(log, { id: "a3" }, ["ActionRequested"]);
    const errors: object[] = [];
    relay({ log, connection, prefix }, { ...silentLogger, error: (fields) => errors.push(fields) });
    await expect.poll(() => errors.length).toBeGreaterThan(1);
    expect(errors[0]).toMatchObject({ err: { name: "UnsafeSubjectError" } });
    expect(await lastSequence(manager, prefix)()).toBe(1);
  });
});

async function relayUntilCopied(
  log: EventLog,
  nats: { connection: NatsConnection; manager: JetStreamManager; prefix: string },
): Promise<void> {
  const running = startRelay({ log, connection: nats.connection, prefix: nats.prefix, logger: silentLogger });
  await expectCopy(nats.manager, nats.prefix, log);
  await running.close();
}

describe("relay and a server that comes and goes", () => {
  async function ownServer(): Promise<{ server: NatsServer; storeDir: string; restart(): Promise<void> }> {
    const folder = await mkdtemp(join(tmpdir(), "countersign-relay-"));
    const storeDir = join(folder, "js");
    const state = {
      server: await startNatsServer({ storeDir }),
      storeDir,
      restart: async () => void (state.server = await startNatsServer({ storeDir, port: state.server.port })),
    };
    onTestFinished(async () => {
      await state.server.kill();
      await rm(folder, { recursive: true, force: true });
    });
    return state;
  }

  test("P4: kill -9 of nats-server while events flow: the relay waits and goes on", async () => {
    const nats = await ownServer();
    const { connection, manager } = await connected(nats.server.url);
    const log = createMemoryEventLog({ ledger: "main" });
    relay({ log, connection, prefix: "cs" });
    for (let round = 0; round < 3; round += 1) {
      await appendActions(log, 100, `before${round}-`);
      await nats.server.kill();
      await appendActions(log, 100, `down${round}-`);
      await nats.restart();
      await appendActions(log, 10, `after${round}-`);
    }
    await expectCopy(manager, "cs", log);
  });

  test("P4: JetStream wiped while the relay runs: filled again", async () => {
    const nats = await ownServer();
    const { connection, manager } = await connected(nats.server.url);
    const log = createMemoryEventLog({ ledger: "main" });
    relay({ log, connection, prefix: "cs" });
    await appendActions(log, 200);
    await expectCopy(manager, "cs", log);
    await nats.server.kill();
    await rm(nats.storeDir, { recursive: true });
    await nats.restart();
    await expectCopy(manager, "cs", log);
    await appendActions(log, 10, "later");
    await expectCopy(manager, "cs", log);
  });

  test("P4: JetStream rolled back to an older copy of its directory: the lost part comes again", async () => {
    const nats = await ownServer();
    const { connection, manager } = await connected(nats.server.url);
    const log = createMemoryEventLog({ ledger: "main" });
    relay({ log, connection, prefix: "cs" });
    await appendActions(log, 50);
    await expectCopy(manager, "cs", log);
    await nats.server.stop();
    await cp(nats.storeDir, `${nats.storeDir}.old`, { recursive: true });
    await nats.restart();
    await appendActions(log, 50, "lost");
    await expectCopy(manager, "cs", log);
    await nats.server.kill();
    await rm(nats.storeDir, { recursive: true });
    await cp(`${nats.storeDir}.old`, nats.storeDir, { recursive: true });
    await nats.restart();
    await expectCopy(manager, "cs", log);
  });

  test("P4: the stream deleted under an idle or busy relay: made and filled again", async () => {
    const nats = await ownServer();
    const { connection, manager } = await connected(nats.server.url);
    const log = createMemoryEventLog({ ledger: "main" });
    relay({ log, connection, prefix: "cs" });
    await appendActions(log, 20);
    await expectCopy(manager, "cs", log);
    await manager.streams.delete("CS_EVENTS_MAIN");
    await appendActions(log, 20, "later");
    await expect.poll(lastSequence(manager, "cs")).toBe(120);
    await expectCopy(manager, "cs", log);
  });
});
