import { decodeEntry } from "./entry-codec.ts";
import { EventLogError } from "./errors.ts";
import type { ReadRange, RecordedEvent, StreamName } from "./event-log.ts";

type Counter = "position" | "streamVersion" | "tenantSequence";

/**
 * Decodes stored events and checks them: each hash is that of its entry, and along `counter` none is missing.
 * @param first - What the counter must start with, where that is known.
 * @throws EventLogError `corrupt`
 */
export function decodeStored(
  rows: readonly { readonly entry: Uint8Array; readonly leaf_hash: Uint8Array }[],
  counter: Counter,
  first?: number,
): readonly RecordedEvent[] {
  const decode = storedDecoder(counter, first);
  return rows.map((row) => decode(row.entry, row.leaf_hash));
}

/** The same, one after another as they come. */
export function storedDecoder(counter: Counter, first?: number): (entry: Uint8Array, hash: Uint8Array) => RecordedEvent {
  let expected = first;
  return (entry, hash) => {
    const event = decodeEntry(entry);
    if (Buffer.compare(event.leafHash, hash) !== 0) {
      throw new EventLogError("corrupt", `the entry at position ${event.position} of ledger ${event.ledger} does not have its hash`);
    }
    expected ??= event[counter];
    if (event[counter] !== expected) {
      throw new EventLogError("corrupt", `ledger ${event.ledger} has ${counter} ${event[counter]} where ${expected} belongs`);
    }
    expected += 1;
    return event;
  };
}

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
