import type { PostgresEventLog } from "@countersign/event-log";
import { createTestEventLog, TEST_APPEND_KEYS } from "@countersign/event-log/testing";
import { appendLeaf, EMPTY_RANGE, rootHash } from "@countersign/tlog";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { checkLedger } from "../../ledger/check-ledger.ts";
import type { Flaw } from "../../ledger/flaws.ts";
import { auditDatabase, type AuditDatabase } from "../../testing/audit-database.ts";
import { EVENTS, record, reference } from "../../testing/events.ts";
import { flawsOf } from "../../testing/flaws-of.ts";
import { postgresLedgerRows } from "./ledger-rows.ts";

let postgres: AuditDatabase;
let log: PostgresEventLog;

/** Positions 0 to 8: three streams of two tenants in turn, so that 4, 7 and 1 are one stream and all but 0, 3, 6 one tenant. */
beforeAll(async () => {
  postgres = await auditDatabase();
  log = createTestEventLog({ url: postgres.url, ledger: "main" });
  for (let position = 0; position < 9; position += 1) {
    const id = `018f0000-0000-7000-8000-00000000000${position % 3}`;
    const stream = { tenant: position % 3 === 0 ? "globex" : "acme", id, version: Math.floor(position / 3) };
    const events = [position < 3 ? EVENTS.requested() : EVENTS.approved()];
    await record(log, stream, events, { actor: reference("exporter"), time: new Date(1_767_225_600_123 + position) });
  }
  await postgres.owner.pool.query(
    "alter table event_log.event disable trigger append_only; create table public.untouched as table event_log.event",
  );
});
afterAll(async () => {
  await log.close();
  await postgres.close();
});

/** The flaws after what somebody with all rights on the database could do to it; undone afterwards. */
async function flawsAfter(...statements: readonly string[]): Promise<readonly Flaw[]> {
  try {
    for (const statement of statements) await postgres.owner.pool.query(statement);
    const { flaws } = await flawsOf(checkLedger(postgresLedgerRows(postgres.pool, "main", TEST_APPEND_KEYS)));
    return flaws.toSorted((a, b) => a.position - b.position);
  } finally {
    await postgres.owner.pool.query(
      "begin; delete from event_log.event; insert into event_log.event select * from public.untouched; commit",
    );
  }
}

const places = async (...statements: readonly string[]): Promise<readonly string[]> =>
  (await flawsAfter(...statements)).map((flaw) => `${flaw.kind} ${flaw.position}`);

describe("P6: a tampered database", () => {
  it("has no flaws before, and the root hash of its leaves", async () => {
    const { result: verified } = await flawsOf(checkLedger(postgresLedgerRows(postgres.pool, "main", TEST_APPEND_KEYS)));
    const leaves = (await log.readAll({ from: 0, limit: 100 })).map(({ leafHash }) => leafHash);
    expect(verified).toEqual({ events: 9, rootHash: rootHash(leaves.reduce(appendLeaf, EMPTY_RANGE)) });
    expect(await places()).toEqual([]);
  });

  it("shows a changed entry", async () => {
    expect(
      await places(
        "update event_log.event set entry = set_byte(entry, octet_length(entry) - 1, get_byte(entry, octet_length(entry) - 1) # 1) where position = 4",
      ),
    ).toEqual(["LEAF_HASH 4", "APPEND_CODE 4", "LINK 5", "LINK 7"]);
  });

  it("shows a changed entry whose leaf hash was made to fit", async () => {
    const changed = "set_byte(entry, octet_length(entry) - 1, get_byte(entry, octet_length(entry) - 1) # 1)";
    expect(
      await places(`update event_log.event set entry = ${changed}, leaf_hash = sha256('\\x00'::bytea || ${changed}) where position = 4`),
    ).toEqual(["APPEND_CODE 4", "LINK 5", "LINK 7"]);
  });

  it("shows bytes that are no entry", async () => {
    expect(await places("update event_log.event set entry = '\\xffff' where position = 4")).toEqual([
      "LEAF_HASH 4",
      "APPEND_CODE 4",
      "ENTRY 4",
      "LINK 5",
      "LINK 7",
    ]);
  });

  it.each([
    "tenant = 'globex', tenant_sequence = 77",
    "tenant_sequence = 77",
    "stream_type = 'policy'",
    "stream_id = 'other'",
    "stream_version = 77",
    "event_id = gen_random_uuid()",
    "type = 'ActionRejected'",
    "schema_version = 2",
    "time = time + interval '1 microsecond'",
  ])("shows a changed column: %s", async (assignment) => {
    expect(await places(`update event_log.event set ${assignment} where position = 4`)).toContain("COLUMN 4");
  });

  it("P8: names no tenant, no stream and no content in what it reports", async () => {
    const flaws = await flawsAfter(
      "delete from event_log.event where position = 1",
      "update event_log.event set tenant = 'initech' where position = 4",
      "update event_log.event set entry = '\\xffff' where position = 7",
    );
    expect(JSON.stringify(flaws)).not.toMatch(/acme|globex|initech|018f0000|exporter|db\.export/);
  });
});
