import { isEventCode, type ReadKeys } from "./append-keys.ts";
import { decodeEntry } from "./entry-codec.ts";
import { EventLogError } from "./errors.ts";
import type { ReadRange, RecordedEvent, StreamName } from "./event-log.ts";

/** What of a row is read. */
export type StoredRow = {
  readonly position: number;
  readonly entry: Uint8Array;
  readonly leaf_hash: Uint8Array;
  readonly append_code: Uint8Array | null;
};

/** Where rows were looked for, so that an event which was copied to another place is none of there. */
export type Place = {
  readonly ledger: string;
  /** Along this, none is missing. */
  readonly counter: "position" | "streamVersion" | "tenantSequence";
  readonly tenant?: string;
  readonly stream?: StreamName;
};

/**
 * Decodes stored events and checks them: each is one of its place, has the hash of its entry and an append code, and none is missing.
 * @param first - What the counter starts with.
 * @throws EventLogError `corrupt`, with those before
 */
export function decodeStored(rows: readonly StoredRow[], keys: ReadKeys, place: Place, first: number): readonly RecordedEvent[] {
  const decode = storedDecoder(keys, place, first);
  const events: RecordedEvent[] = [];
  try {
    for (const row of rows) events.push(decode(row));
  } catch (error) {
    throw error instanceof EventLogError ? behind(events, error) : error;
  }
  return events;
}

/** The same error, with the sound events that were read before it. */
export function behind(before: readonly RecordedEvent[], { code, message, position, forged, cause }: EventLogError): EventLogError {
  return new EventLogError(code, message, { position, forged, before, cause });
}

/** The same, one after another as they come. */
export function storedDecoder(keys: ReadKeys, place: Place, first: number): (row: StoredRow) => RecordedEvent {
  let expected = first;
  return (row) => {
    // Along positions, the one that belongs there is the row's.
    const placed = place.counter === "position" ? { ...row, position: expected } : row;
    const event = checkedEvent(keys, place.ledger, placed);
    checkPlace(place, expected, event, placed.position);
    expected += 1;
    return event;
  };
}

/**
 * The event of a row that has its hash and an append code, wherever it belongs.
 * @throws EventLogError `corrupt`
 */
export function checkedEvent(keys: ReadKeys, ledger: string, row: StoredRow): RecordedEvent {
  const event = decoded(row);
  if (keys !== "unchecked" && !isEventCode(keys, event.leafHash, row.append_code)) {
    throw corrupt(`the event at position ${row.position} of ledger ${ledger} ${NO_CODE}`, row.position, true);
  }
  return event;
}

/**
 * Whether an event belongs where it was found.
 * @throws EventLogError `corrupt`
 */
export function checkPlace(place: Place, expected: number, event: RecordedEvent, position: number): void {
  const { ledger, counter } = place;
  if (event.position !== position) throw corrupt(`ledger ${ledger} has at position ${position} the event of ${event.position}`, position);
  const inside = isIn(place, event);
  if (inside && event[counter] === expected) return;
  const there = `the event of ${counter} ${event[counter]}${inside ? "" : " of another stream, tenant or ledger"}`;
  // A row that is where it belongs only follows a hole: it is not the corrupt one.
  const hole = inside && counter !== "position";
  throw corrupt(`ledger ${ledger} has ${there} where ${counter} ${expected} belongs`, hole ? undefined : position);
}

function decoded({ position, entry, leaf_hash: hash }: StoredRow): RecordedEvent {
  let event: RecordedEvent;
  try {
    event = decodeEntry(entry);
  } catch (error) {
    throw new EventLogError("corrupt", `what is stored at position ${position} is no entry`, { position, cause: error });
  }
  if (Buffer.compare(event.leafHash, hash) !== 0) {
    throw corrupt(`the entry at position ${position} of ledger ${event.ledger} does not have its hash`, position);
  }
  return event;
}

function corrupt(what: string, position: number | undefined, forged = false): EventLogError {
  return new EventLogError("corrupt", what, { position, forged });
}

function isIn({ ledger, tenant, stream }: Place, event: RecordedEvent): boolean {
  if (event.ledger !== ledger || (tenant !== undefined && event.stream.tenant !== tenant)) return false;
  if (stream === undefined) return true;
  return event.stream.id === stream.id && event.stream.type === stream.type && event.stream.tenant === stream.tenant;
}

/** What is wrong with a row without an append code of ours, and what to do. */
export const NO_CODE =
  "has no append code of ours: it was written without an append key, or COUNTERSIGN_APPEND_KEY_FILE and COUNTERSIGN_APPEND_EARLIER_KEY_FILES are not those of " +
  "the ledger (deploy/runbook.md, Corrupt events)";

/** @throws EventLogError `invalid` */
export function checkRange({ from, limit }: ReadRange): void {
  if (!Number.isSafeInteger(from) || from < 0) throw new EventLogError("invalid", "a range starts at a position");
  if (!Number.isInteger(limit) || limit < 1 || limit > 10_000) throw new EventLogError("invalid", "a range has 1 to 10,000 events");
}

/**
 * Refuses what Postgres would refuse, before it shares a statement with the reads of others.
 * @throws EventLogError `invalid`
 */
export function checkStreamRead({ tenant, type, id }: StreamName, afterVersion: number): void {
  if ([tenant, type, id].some((name) => name.includes("\0"))) throw new EventLogError("invalid", "no stream has U+0000 in its name");
  if (!Number.isSafeInteger(afterVersion) || afterVersion < 0) throw new EventLogError("invalid", "a stream is read after a version");
}
