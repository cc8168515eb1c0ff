import { migrate } from "@countersign/database";
import { eventLogMigrations, type PostgresEventLog } from "@countersign/event-log";
import { createTestEventLog } from "@countersign/event-log/testing";
import { silentLogger } from "@countersign/telemetry";
import { startNatsServer, testPostgres, type NatsServer, type TestPostgres } from "@countersign/testing";
import { jetstreamManager } from "@nats-io/jetstream";
import type { NatsConnection } from "@nats-io/transport-node";
import type { Kysely } from "kysely";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Database } from "@countersign/database";
import { connectNats } from "./connect.ts";
import { listing, migrateForConsumers, range, seen, start } from "./consumer-fixture.ts";
import { natsFeed } from "./nats-feed.ts";
import { startRelay, type RunningRelay } from "./start-relay.ts";
import { openTestDatabase } from "./test-database.ts";
import { appendActions, storedBodies } from "./test-events.ts";
import { publishWakeups } from "./wakeups.ts";

// Log, relay, feed and consumer together, on a Postgres and a nats-server of their own, in two "processes".

let postgres: TestPostgres;
let folder: string;
let nats: NatsServer;
let ends: (() => Promise<unknown>)[];

beforeEach(async () => {
  postgres = await testPostgres(async (url) => {
    await migrate(url, [eventLogMigrations]);
    await migrateForConsumers(url);
  });
  folder = await mkdtemp(join(tmpdir(), "countersign-spine-"));
  nats = await startNatsServer({ storeDir: join(folder, "js") });
  ends = [];
});
afterEach(async () => {
  for (const end of ends.toReversed()) await end();
  await nats.kill();
  await postgres.drop();
  await rm(folder, { recursive: true, force: true });
});

type Process = {
  readonly log: PostgresEventLog;
  readonly connection: NatsConnection;
  readonly database: Database;
  readonly kysely: Kysely<unknown>;
  readonly relay: RunningRelay;
};

async function startProcess(name: string, pollMs?: number): Promise<Process> {
  const log = createTestEventLog({ url: postgres.url, ledger: "main" });
  const connection = await connectNats({ url: nats.url, name });
  const database = openTestDatabase(postgres.url, 6);
  const kysely = database.kysely<unknown>();
  const relay = startRelay({
    log,
    connection,
    prefix: "cs",
    database: kysely,
    logger: silentLogger,
    ...(pollMs !== undefined && { pollMs }),
  });
  publishWakeups(log, connection, "cs", () => relay.active());
  const consumer = await start(listing("test.spine"), {
    log,
    database,
    feed: natsFeed(connection, { prefix: "cs", ledger: "main", logger: silentLogger }),
  });
  ends.push(
    () => database.close(),
    () => log.close(),
    () => connection.close(),
    () => relay.close(),
    () => consumer.close(),
  );
  return { log, connection, database, kysely, relay };
}

test("P4 P5: two processes append and relay through kill -9 and loss of nats-server: one copy, every event handled once", async () => {
  const [one, two] = [await startProcess("one"), await startProcess("two")];
  const restart = async (wipe: boolean) => {
    await nats.kill();
    if (wipe) await rm(join(folder, "js"), { recursive: true });
    await appendActions(one.log, 20, `down-${wipe}`);
    nats = await startNatsServer({ storeDir: join(folder, "js"), port: nats.port });
  };
  const load = async (name: string) => {
    for (let round = 0; round < 10; round += 1) {
      await Promise.all([appendActions(one.log, 4, `${name}-one${round}-`), appendActions(two.log, 4, `${name}-two${round}-`)]);
      await new Promise((resolve) => setTimeout(resolve, 15));
    }
  };
  await load("calm");
  expect([one.relay.active(), two.relay.active()].filter(Boolean)).toHaveLength(1);
  await Promise.all([load("killed"), restart(false)]);
  await Promise.all([load("wiped"), restart(true)]);
  const head = await one.log.nextPosition();
  expect(head).toBe((3 * 10 * 8 + 2 * 20) * 3);
  const manager = await jetstreamManager(one.connection, { checkAPI: false, timeout: 5000 });
  await expect.poll(async () => (await manager.streams.info("CS_EVENTS_MAIN").catch(() => undefined))?.state.last_seq).toBe(head);
  expect(await storedBodies(manager, "CS_EVENTS_MAIN")).toEqual(
    (await one.log.readAll({ from: 0, limit: 10_000 })).map(({ entry }) => new Uint8Array(entry)),
  );
  await expect.poll(() => seen(one.kysely, "test.spine")).toEqual(range(0, head));
});

test("P4: the process with the relay's lease ends: the other one goes on within about a second", async () => {
  const [one, two] = [await startProcess("one"), await startProcess("two")];
  await expect.poll(() => one.relay.active() || two.relay.active()).toBe(true);
  const [active, standby] = one.relay.active() ? [one, two] : [two, one];
  await active.relay.close();
  await appendActions(active.log, 5);
  await expect.poll(() => standby.relay.stored()).toBe(15);
});

test("an event appended in one process is heard in the other at once, not at the next poll of the log", async () => {
  const [one, two] = [await startProcess("one", 600_000), await startProcess("two", 600_000)];
  await expect.poll(() => one.relay.active() || two.relay.active()).toBe(true);
  const standby = one.relay.active() ? two : one;
  const heard = new Map<string, () => void>();
  natsFeed(standby.connection, { prefix: "cs", ledger: "main" }).subscribe((event) => heard.get(event.stream.id)?.());
  for (let index = 0; index < 20; index += 1) {
    const arrival = new Promise<void>((resolve) => heard.set(`quick${index}0`, resolve));
    await appendActions(standby.log, 1, `quick${index}`);
    await arrival;
  }
});
