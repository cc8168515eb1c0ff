import { EventLogError } from "./errors.ts";
import type { AppendRequest } from "./event-log.ts";

/** Bytes of an entry; tlog-tiles counts them in 16 bits. */
export const MAX_ENTRY_BYTES = 65_535;

/**
 * Refuses what the log could not hold, before it shares a transaction with the appends of others.
 * @throws EventLogError `invalid`
 */
export function checkAppendRequest(request: AppendRequest): void {
  const { stream, idempotency } = request;
  name("tenant", stream.tenant);
  name("stream type", stream.type);
  name("stream id", stream.id);
  require(Number.isSafeInteger(request.expectedVersion) && request.expectedVersion >= 0, "expected version is not a version");
  require(request.events.length > 0 && request.events.length <= 100, "an append has 1 to 100 events");
  const time = request.time.getTime();
  require(time >= 0 && time < 253_402_300_800_000, "time is out of range");
  if (request.actor !== undefined) {
    text("actor's issuer", request.actor.issuer, 1_024);
    text("actor's id", request.actor.id, 1_024);
  }
  text("traceparent", request.traceparent ?? "", 100);
  for (const event of request.events) {
    name("event type", event.type);
    require(Number.isInteger(event.schemaVersion) &&
      event.schemaVersion > 0 &&
      event.schemaVersion < 2 ** 31, "schema version is not a version");
    const { byteLength } = event.data;
    const room = MAX_ENTRY_BYTES - OVERHEAD_BYTES;
    require(byteLength <= room, `an event of it has ${byteLength} bytes, and the log takes ${room}`);
  }
  for (const content of request.contents ?? []) {
    require(content.digest.byteLength === 32 && content.salt.byteLength === 32, "content's digest and salt have 32 bytes");
  }
  for (const digest of request.erased ?? []) require(digest.byteLength === 32, "the digest of an erased content has 32 bytes");
  if (idempotency !== undefined) {
    text("idempotency caller", idempotency.caller, 1_024);
    name("idempotency key", idempotency.key);
  }
}

/** Roughly what the request costs to send: what a batch is capped by. */
export function requestBytes(request: AppendRequest): number {
  let bytes = 200 + (request.idempotency?.reply.byteLength ?? 0);
  for (const event of request.events) bytes += 500 + event.data.byteLength;
  for (const content of request.contents ?? []) bytes += 200 + content.body.byteLength;
  return bytes;
}

function name(what: string, value: string): void {
  require(value.length > 0, `${what} is empty`);
  text(what, value, 256);
}

/** Postgres cannot store U+0000, and a lone surrogate has no UTF-8. An index holds at most 2,704 bytes. */
function text(what: string, value: string, maxBytes: number): void {
  require(Buffer.byteLength(value) <= maxBytes, `${what} is longer than ${maxBytes} bytes`);
  require(!value.includes("\0") && value.isWellFormed(), `${what} is not a text that can be stored`);
}

function require(condition: boolean, problem: string): void {
  if (!condition) throw new EventLogError("invalid", problem);
}

// More than the fields beside `data` take: four names, the ledger's, the actor, and fields of fixed length.
const OVERHEAD_BYTES = 4_096;
