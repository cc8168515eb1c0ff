export { appendKeys, isEventCode, isReplyCode, type AppendKeys, type ReadKeys } from "./append-keys.ts";
export type {
  Actor,
  AppendOutcome,
  AppendRequest,
  Content,
  ContentName,
  EventAppender,
  EventLog,
  EventReader,
  IdempotentReply,
  NewEvent,
  ReadRange,
  RecordedEvent,
  StreamName,
} from "./event-log.ts";
export { CombiningQueue, type Pending } from "./combining-queue.ts";
export { currentDeadline, withinTime } from "./deadline.ts";
export { decodeEntry } from "./entry-codec.ts";
export { readEntry, type Entry } from "./entry-reader.ts";
export { corruptionIn, EventLogError, soundPart, type EventLogErrorCode } from "./errors.ts";
export {
  createPostgresEventLog,
  createPostgresEventReader,
  type PostgresEventLog,
  type PostgresEventLogOptions,
} from "./postgres/postgres-event-log.ts";
export { observedEventLog } from "./observed-event-log.ts";
export { int8Array, textArray, timestamptzArray } from "./postgres/binary-array.ts";
export { eventLogMigrations } from "./postgres/migrations.ts";
export { scanLedger } from "./postgres/scan-ledger.ts";
export { momentOf, NO_MOMENT, readEnd, until, type Moment } from "./moment.ts";
export { oneAhead } from "./one-ahead.ts";
export { pagesOf, stretchOf, type Stretch, type TenantReader } from "./tenant-log.ts";
export { watchCorruption } from "./watch-corruption.ts";
