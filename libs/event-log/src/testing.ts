export { createMemoryEventLog } from "./memory-event-log.ts";
// For benches that fill a ledger faster than anybody could append.
export { NO_EVENTS, planBatch, type Head } from "./batch.ts";
export { writeStatement } from "./postgres/write-statement.ts";
export { byteaArray } from "./postgres/binary-array.ts";
