import { copyOut, type Database } from "@countersign/database";
import type { ReadKeys } from "../append-keys.ts";
import { EventLogError, soundPart, unreadable } from "../errors.ts";
import type { RecordedEvent } from "../event-log.ts";
import { behind, storedDecoder } from "../stored-events.ts";

/** Positions per statement: no snapshot is held for long, however slowly somebody reads, and memory holds two slices. */
const SLICE = 4096;

/**
 * Reads a stretch of a ledger as fast as Postgres can send it, checked as every read is: each entry has its hash and its append code, no position is
 * missing. What is sound before one that is not comes first. While one slice is worked on, the next is under way. For replays, rebuilds and checks; `readAll` is for a page now and then.
 * @param range - From `from` up to `to`, exclusive.
 * @throws EventLogError `corrupt` also when the ledger ends before `to`, `unavailable` when it cannot be read.
 */
export async function* scanLedger(
  database: Pick<Database, "pool">,
  ledger: string,
  range: { readonly from: number; readonly to: number },
  keys: ReadKeys,
): AsyncGenerator<readonly RecordedEvent[], void, undefined> {
  let next = range.from < range.to ? readSlice(database, ledger, range.from, range.to, keys) : undefined;
  for (let from = range.from; next !== undefined; from += SLICE) {
    const { events, flaw } = await soundPart(next);
    next = flaw === undefined && from + SLICE < range.to ? readSlice(database, ledger, from + SLICE, range.to, keys) : undefined;
    // Who stops here never learns how the one under way went.
    next?.catch(() => {});
    if (events.length > 0) yield events;
    if (flaw !== undefined) throw flaw;
  }
}

async function readSlice(
  database: Pick<Database, "pool">,
  ledger: string,
  from: number,
  end: number,
  keys: ReadKeys,
): Promise<readonly RecordedEvent[]> {
  const to = Math.min(from + SLICE, end);
  const events: RecordedEvent[] = [];
  const decode = storedDecoder(keys, { ledger, counter: "position" }, from);
  try {
    for await (const batch of copyOut(database.pool, slice(ledger, from, to))) {
      for (const [entry, hash, code] of batch)
        events.push(decode({ position: from + events.length, entry: entry ?? NONE, leaf_hash: hash ?? NONE, append_code: code ?? null }));
    }
  } catch (error) {
    if (error instanceof EventLogError) throw behind(events, error);
    throw unreadable(error);
  }
  const next = from + events.length;
  if (next < to)
    throw new EventLogError("corrupt", `ledger ${ledger} has no event at position ${next}`, { position: next, before: events });
  if (next === to) return events;
  const before = events.slice(0, to - from);
  throw new EventLogError("corrupt", `ledger ${ledger} has more events before position ${to} than positions`, { position: to, before });
}

function slice(ledger: string, from: number, to: number): string {
  if (!/^[a-z0-9_-]+$/.test(ledger)) throw new EventLogError("invalid", `"${ledger}" cannot be the name of a ledger`);
  for (const position of [from, to])
    if (!Number.isSafeInteger(position) || position < 0) throw new EventLogError("invalid", "a scan goes from one position to another");
  return `select entry, leaf_hash, append_code from event_log.event where ledger = '${ledger}' and position >= ${from} and position < ${to} order by position`;
}

const NONE = Buffer.alloc(0);
