import { migrate, type Database } from "@countersign/database";
import { eventLogMigrations } from "@countersign/event-log";
import { createTestEventLog } from "@countersign/event-log/testing";
import { silentLogger } from "@countersign/telemetry";
import { testNats, testPostgres, type TestPostgres } from "@countersign/testing";
import { jetstreamManager } from "@nats-io/jetstream";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readCheckpoint } from "./checkpoint.ts";
import { connectNats } from "./connect.ts";
import { listing, migrateForConsumers, range, seen, start } from "./consumer-fixture.ts";
import { startRelay } from "./start-relay.ts";
import { listDeadLetters, replayDeadLetters } from "./dead-letters.ts";
import { eventStreamName } from "./subjects.ts";
import { openTestDatabase } from "./test-database.ts";
import { appendActions } from "./test-events.ts";

let postgres: TestPostgres;
let database: Database;
let owner: Database;
let log: ReturnType<typeof createTestEventLog>;
beforeAll(async () => {
  postgres = await testPostgres(async (url) => {
    await migrate(url, [eventLogMigrations]);
    await migrateForConsumers(url);
  });
  database = openTestDatabase(postgres.url);
  owner = openTestDatabase(postgres.url, 1, null);
  log = createTestEventLog({ url: postgres.url, ledger: "main" });
  await appendActions(log, 3);
  await owner.pool.query("alter table event_log.event disable trigger all; create table public.kept as table event_log.event");
});
afterAll(async () => {
  await log.close();
  await owner.close();
  await database.close();
  await postgres.drop();
});

const CORRUPT = 5;
const WAIT = { timeout: 20_000, interval: 20 };

/** Keeps what is said of corruption. */
function listening() {
  const told: unknown[] = [];
  const error = (fields: object, text: string) => {
    if (text.startsWith("the event log is corrupt")) told.push(fields);
  };
  return { told, logger: { ...silentLogger, error } };
}
const where = (more: object) => expect.objectContaining({ ledger: "main", reason: "LOG_CORRUPT", position: CORRUPT, ...more }) as object;

test.each([
  ["was altered", "update event_log.event set entry = entry || '\\x1a00' where position = 5"],
  ["is missing", "delete from event_log.event where position = 5"],
])(
  "P4, P7: what stands before an event that %s is handled and relayed, nothing behind it is, and where it is gets said; mended, all goes on",
  async (what, change) => {
    const name = `consumer of one that ${what}`;
    const kysely = database.kysely<unknown>();
    await owner.pool.query(change);
    const [consuming, relaying] = [listening(), listening()];
    const consumer = await start(listing(name), { log, database, logger: consuming.logger });
    const { url, prefix } = await testNats();
    const connection = await connectNats({ url, name: "corrupt-event-test" });
    const manager = await jetstreamManager(connection, { checkAPI: false });
    const { append: _append, onCommitted: _onCommitted, ...reader } = log;
    const relay = startRelay({ log: reader, connection, prefix, logger: relaying.logger });
    const relayed = async () => (await manager.streams.info(eventStreamName(prefix, "main")).catch(() => undefined))?.state.last_seq;
    try {
      await consumer.reached(CORRUPT);
      await expect.poll(relayed, WAIT).toBe(CORRUPT);
      await expect.poll(() => consuming.told, WAIT).toContainEqual(where({ consumer: name }));
      await expect.poll(() => relaying.told, WAIT).toContainEqual(where({}));
      expect(await seen(kysely, name)).toEqual(range(0, CORRUPT));
      expect(await readCheckpoint(kysely, { consumer: name, ledger: "main" })).toBe(CORRUPT);
      expect(await relayed()).toBe(CORRUPT);

      await owner.pool.query("delete from event_log.event; insert into event_log.event table public.kept");
      await consumer.reached(9);
      await expect.poll(relayed, WAIT).toBe(9);
      expect(await seen(kysely, name)).toEqual(range(0, 9));
    } finally {
      await relay.close();
      await consumer.close();
      await connection.close();
    }
  },
);

test("P4: a dead letter whose event is corrupt stays one, and holds up no other stream", async () => {
  const name = "consumer of letters";
  const kysely = database.kysely<unknown>();
  const poison = new Set(["a0"]);
  const consumer = await start(listing(name, poison), { log, database });
  const letters = async () => (await listDeadLetters(kysely, { consumer: name })).deadLetters.map(({ error }) => error);
  try {
    await consumer.reached(9);
    poison.clear();
    await owner.pool.query(`update event_log.event set entry = entry || '\\x1a00' where position =
      (select min(position) from event_log.event where stream_id = 'a0')`);
    await replayDeadLetters(kysely, { ledger: "main", consumer: name });
    await expect.poll(letters, WAIT).toContain("EventLogError corrupt");
    await appendActions(log, 1, "later");
    await consumer.reached(12);
    expect(await seen(kysely, name)).toHaveLength(9);

    await owner.pool.query("delete from event_log.event where position < 9; insert into event_log.event table public.kept");
    await replayDeadLetters(kysely, { ledger: "main", consumer: name });
    await expect.poll(letters, WAIT).toEqual([]);
    expect(await seen(kysely, name)).toHaveLength(12);
  } finally {
    await consumer.close();
  }
});
