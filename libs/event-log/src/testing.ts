import { appendKeys } from "./append-keys.ts";
import { createPostgresEventLog, type PostgresEventLog, type PostgresEventLogOptions } from "./postgres/postgres-event-log.ts";

// For tests of what even somebody with the keys cannot do.
export { eventCode } from "./append-keys.ts";
export { forgeAppend } from "./forge.ts";
export { createMemoryEventLog } from "./memory-event-log.ts";

/** What tests and benches append with: known to everybody. */
export const TEST_APPEND_KEYS = appendKeys(Buffer.alloc(32, "append key of tests"));

/** A ledger in Postgres under these keys. */
export function createTestEventLog(options: Omit<PostgresEventLogOptions, "keys">): PostgresEventLog {
  return createPostgresEventLog({ ...options, keys: TEST_APPEND_KEYS });
}

// For benches that fill a ledger faster than anybody could append.
export { NO_EVENTS, planBatch, type Head } from "./batch.ts";
export { writeStatement } from "./postgres/write-statement.ts";
export { byteaArray } from "./postgres/binary-array.ts";
