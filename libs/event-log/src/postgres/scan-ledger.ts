import { copyOut, type Database } from "@countersign/database";
import type { ReadKeys } from "../append-keys.ts";
import { EventLogError } from "../errors.ts";
import type { RecordedEvent } from "../event-log.ts";
import { storedDecoder } from "../stored-events.ts";

/** Positions per statement: no snapshot is held for long, however slowly somebody reads, and memory holds two slices. */
const SLICE = 4096;

/** From `from` up to `to`, exclusive. */
export type LedgerRange = { readonly from: number; readonly to: number };

/** Checks what is stored at a place, one place after another, and makes something of it. */
export type StoredAt<Result> = (entry: Buffer, hash: Buffer, code: Buffer | null) => Result;

/**
 * Reads a stretch of a ledger as fast as Postgres can send it, checked as every read is: each entry has its hash and its append code, no position is
 * missing. For replays, rebuilds and checks; `readAll` is for a page now and then.
 * @throws EventLogError `corrupt` also when the ledger ends before `to`, `unavailable` when it cannot be read.
 */
export function scanLedger(
  database: Pick<Database, "pool">,
  ledger: string,
  range: LedgerRange,
  keys: ReadKeys,
): AsyncGenerator<readonly RecordedEvent[], void, undefined> {
  return scanRows(database, ledger, range, (first) => storedDecoder(keys, { ledger, counter: "position", first }));
}

/**
 * The same, whatever is made of each row. While one slice is worked on, the next is under way.
 * @param readerFrom - Begins at a position.
 * @throws EventLogError as `scanLedger` does, and what the reader throws.
 */
export async function* scanRows<Result>(
  database: Pick<Database, "pool">,
  ledger: string,
  { from: begin, to }: LedgerRange,
  readerFrom: (position: number) => StoredAt<Result>,
): AsyncGenerator<readonly Result[], void, undefined> {
  const read = (from: number) => readSlice(database, ledger, { from, to: Math.min(from + SLICE, to) }, readerFrom(from));
  let next = begin < to ? read(begin) : undefined;
  for (let from = begin; next !== undefined; from += SLICE) {
    const results = await next;
    next = from + SLICE < to ? read(from + SLICE) : undefined;
    // Who stops here never learns how the one under way went.
    next?.catch(() => {});
    yield results;
  }
}

async function readSlice<Result>(
  database: Pick<Database, "pool">,
  ledger: string,
  { from, to }: LedgerRange,
  read: StoredAt<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  try {
    for await (const batch of copyOut(database.pool, slice(ledger, from, to))) {
      for (const [entry, hash, code] of batch) results.push(read(entry ?? NONE, hash ?? NONE, code ?? null));
    }
  } catch (error) {
    if (error instanceof EventLogError) throw error;
    throw new EventLogError("unavailable", "the event log cannot be read", { cause: error });
  }
  const next = from + results.length;
  if (next < to) throw new EventLogError("corrupt", `ledger ${ledger} has no event at position ${next}`, { position: next });
  if (next > to)
    throw new EventLogError("corrupt", `ledger ${ledger} has more events before position ${to} than positions`, { position: to });
  return results;
}

function slice(ledger: string, from: number, to: number): string {
  if (!/^[a-z0-9_-]+$/.test(ledger)) throw new EventLogError("invalid", `"${ledger}" cannot be the name of a ledger`);
  for (const position of [from, to])
    if (!Number.isSafeInteger(position) || position < 0) throw new EventLogError("invalid", "a scan goes from one position to another");
  return `select entry, leaf_hash, append_code from event_log.event where ledger = '${ledger}' and position >= ${from} and position < ${to} order by position`;
}

const NONE = Buffer.alloc(0);
