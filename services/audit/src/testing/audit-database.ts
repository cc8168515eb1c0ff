import { busMigrations } from "@countersign/bus";
import { migrate, openDatabase, type Database } from "@countersign/database";
import { eventLogMigrations, scanLedger, type EventLog } from "@countersign/event-log";
import { TEST_APPEND_KEYS } from "@countersign/event-log/testing";
import { silentLogger } from "@countersign/telemetry";
import { testPostgres } from "@countersign/testing";
import { sql, type Kysely } from "kysely";
import { toFact } from "../adapters/events/to-fact.ts";
import { busCheckpoints } from "../adapters/postgres/checkpoints.ts";
import { auditMigrations } from "../migrations.ts";
import { actionsProjection } from "../projections/actions/index.ts";
import type { RebuildParts } from "../rebuild/compare-projection.ts";

/** A database with every table that `audit` knows. */
export type AuditDatabase = {
  readonly url: string;
  /** As services see it. */
  readonly pool: Database;
  readonly database: Kysely<unknown>;
  /** All rights. */
  readonly owner: Database;
  close(): Promise<void>;
};

export async function auditDatabase(): Promise<AuditDatabase> {
  const { url, drop } = await testPostgres((fresh) => migrate(fresh, [eventLogMigrations, busMigrations, auditMigrations]));
  const [pool, owner] = [openDatabase({ url }), openDatabase({ url, role: null })];
  const close = async (): Promise<void> => {
    await pool.close();
    await owner.close();
    await drop();
  };
  return { url, pool, database: pool.kysely<unknown>(), owner, close };
}

/** The live list of actions as its consumer leaves it at the end of the log. Returns where that is. */
export async function foldLive(log: EventLog, database: Kysely<unknown>): Promise<number> {
  const { name, view, project } = actionsProjection(toFact);
  const events = await log.readAll({ from: 0, limit: 10_000 });
  await project(events, database, view);
  await sql`insert into bus.checkpoint (consumer, ledger, next_position) values (${name}, ${log.ledger}, ${events.length})`.execute(
    database,
  );
  return events.length;
}

/** What rebuilds of ledger `main` work on. */
export function rebuildParts(pool: Database): RebuildParts {
  return {
    scan: (range) => scanLedger(pool, "main", range, TEST_APPEND_KEYS),
    database: pool.kysely<unknown>(),
    checkpoints: busCheckpoints("main"),
    logger: silentLogger,
  };
}
