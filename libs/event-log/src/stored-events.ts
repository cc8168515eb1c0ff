import { isEventCode, type ReadKeys } from "./append-keys.ts";
import { decodeEntry } from "./entry-codec.ts";
import { EventLogError } from "./errors.ts";
import type { ReadRange, RecordedEvent, StreamName } from "./event-log.ts";

/** What of a row is read. */
export type StoredRow = { readonly entry: Uint8Array; readonly leaf_hash: Uint8Array; readonly append_code: Uint8Array | null };

/** Where rows were looked for, so that an event which was copied to another place is none of there. */
export type Place = {
  readonly ledger: string;
  /** Along this, none is missing. */
  readonly counter: "position" | "streamVersion" | "tenantSequence";
  /** What the counter must start with, where that is known. */
  readonly first?: number;
  readonly tenant?: string;
  readonly stream?: StreamName;
};

/**
 * Decodes stored events and checks them: each is one of its place, has the hash of its entry and an append code, and none is missing.
 * @throws EventLogError `corrupt`
 */
export function decodeStored(rows: readonly StoredRow[], keys: ReadKeys, place: Place): readonly RecordedEvent[] {
  const decode = storedDecoder(keys, place);
  return rows.map((row) => decode(row.entry, row.leaf_hash, row.append_code));
}

/** The same, one after another as they come. */
export function storedDecoder(
  keys: ReadKeys,
  place: Place,
): (entry: Uint8Array, hash: Uint8Array, code: Uint8Array | null) => RecordedEvent {
  const { ledger, counter } = place;
  let expected = place.first;
  return (entry, hash, code) => {
    const event = decodeEntry(entry);
    const position = counter === "position" ? (expected ?? event.position) : event.position;
    const corrupt = (what: string): EventLogError => new EventLogError("corrupt", what, { position });
    if (Buffer.compare(event.leafHash, hash) !== 0) {
      throw corrupt(`the entry at position ${event.position} of ledger ${event.ledger} does not have its hash`);
    }
    expected ??= event[counter];
    if (!isIn(place, event) || event[counter] !== expected) {
      const there = `the event of ${counter} ${event[counter]}${isIn(place, event) ? "" : " of another stream, tenant or ledger"}`;
      throw corrupt(`ledger ${ledger} has ${there} where ${counter} ${expected} belongs`);
    }
    if (keys !== "unchecked" && !isEventCode(keys, event.leafHash, code)) {
      throw corrupt(`the event at position ${event.position} of ledger ${ledger} ${NO_CODE}`);
    }
    expected += 1;
    return event;
  };
}

function isIn({ ledger, tenant, stream }: Place, event: RecordedEvent): boolean {
  if (event.ledger !== ledger || (tenant !== undefined && event.stream.tenant !== tenant)) return false;
  if (stream === undefined) return true;
  return event.stream.id === stream.id && event.stream.type === stream.type && event.stream.tenant === stream.tenant;
}

/** What is wrong with a row without an append code of ours, and what to do. */
export const NO_CODE =
  "has no append code of ours: it was written without an append key, or COUNTERSIGN_APPEND_KEY_FILE and COUNTERSIGN_APPEND_EARLIER_KEY_FILES are not those of " +
  "the ledger (deploy/runbook.md, Forged events)";

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
