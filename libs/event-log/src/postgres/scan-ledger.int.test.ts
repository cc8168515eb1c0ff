import { migrate, openDatabase, type Database } from "@countersign/database";
import { testPostgres, type TestPostgres } from "@countersign/testing";
import { sql } from "kysely";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RecordedEvent } from "../event-log.ts";
import { eventLogMigrations } from "./migrations.ts";
import type { PostgresEventLog } from "./postgres-event-log.ts";
import { scanLedger } from "./scan-ledger.ts";
import { createTestEventLog, TEST_APPEND_KEYS } from "../testing.ts";

const EVENTS = 5000;
let postgres: TestPostgres;
let database: Database;
let owner: Database;
let log: PostgresEventLog;
beforeAll(async () => {
  postgres = await testPostgres((url) => migrate(url, [eventLogMigrations]));
  database = openDatabase({ url: postgres.url });
  owner = openDatabase({ url: postgres.url, role: null });
  log = createTestEventLog({ url: postgres.url, ledger: "main" });
  const events = Array.from({ length: 50 }, (_, index) => ({ type: "Happened", schemaVersion: 1, data: Buffer.alloc(index * 40, index) }));
  await Promise.all(
    Array.from({ length: EVENTS / 50 }, (_, id) =>
      log.append({ stream: { tenant: "acme", type: "action", id: String(id) }, expectedVersion: 0, events, time: new Date(1000 + id) }),
    ),
  );
});
afterAll(async () => {
  await log.close();
  await database.close();
  await owner.close();
  await postgres.drop();
});

async function scanned(from: number, to: number): Promise<readonly RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for await (const batch of scanLedger(database, "main", { from, to }, TEST_APPEND_KEYS)) events.push(...batch);
  return events;
}

describe("scanLedger", () => {
  it("gives what the reader gives, over the bounds of slices", async () => {
    expect(await scanned(0, 0)).toEqual([]);
    expect(await scanned(2040, 2060)).toEqual(await log.readAll({ from: 2040, limit: 20 }));
    const all = await scanned(0, EVENTS);
    expect(all.map(({ position }) => position)).toEqual(Array.from({ length: EVENTS }, (_, position) => position));
    expect(Buffer.concat(all.map(({ leafHash }) => leafHash))).toEqual(
      Buffer.concat((await log.readAll({ from: 0, limit: EVENTS })).map(({ leafHash }) => leafHash)),
    );
  });

  it("can be left in the middle, many times", async () => {
    for (let round = 0; round < 20; round += 1) {
      for await (const [first] of scanLedger(database, "main", { from: round, to: EVENTS }, TEST_APPEND_KEYS)) {
        expect(first?.position).toBe(round);
        break;
      }
    }
    expect((await scanned(0, EVENTS)).length).toBe(EVENTS);
  });

  it("P6: refuses what is missing, cut off or changed", async () => {
    await expect(scanned(4990, EVENTS + 1)).rejects.toMatchObject({ code: "corrupt" });
    await expect(scanned(EVENTS, EVENTS + 1)).rejects.toMatchObject({ code: "corrupt" });
    await sql`alter table event_log.event disable trigger append_only`.execute(owner.kysely<unknown>());
    await sql`update event_log.event set leaf_hash = sha256('x') where position = 4000`.execute(owner.kysely<unknown>());
    await expect(scanned(3000, EVENTS)).rejects.toThrow("position 4000");
    await sql`delete from event_log.event where position = 3000`.execute(owner.kysely<unknown>());
    await expect(scanned(2990, 3010)).rejects.toMatchObject({ code: "corrupt" });
    expect(await scanned(2990, 3000)).toHaveLength(10);
  });

  it("refuses names and numbers that do not belong into a statement", async () => {
    await expect(scanLedger(database, "main'--", { from: 0, to: 1 }, TEST_APPEND_KEYS).next()).rejects.toMatchObject({ code: "invalid" });
    await expect(scanned(0.5, 1)).rejects.toMatchObject({ code: "invalid" });
  });
});
