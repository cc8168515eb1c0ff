import { readEntry, type Entry } from "@countersign/event-log";
import { leafHash } from "@countersign/tlog";

/** An entry that could be read, with its bytes and their leaf hash. */
export type EntryView = { readonly entry: Entry; readonly bytes: Uint8Array; readonly leaf: Buffer };

/** Undefined when the bytes are no entry, or one with a time that no calendar has. */
export function viewEntry(bytes: Uint8Array): EntryView | undefined {
  try {
    const entry = readEntry(bytes);
    return Number.isNaN(entry.time.getTime()) ? undefined : { entry, bytes, leaf: leafHash(bytes) };
  } catch {
    return undefined;
  }
}
