import { corruptionIn, type EventReader, type ReadRange, type RecordedEvent } from "@countersign/event-log";

/**
 * The first event that is young enough for a stream that keeps each for `maxAgeMs`: where one that was lost begins again, as nobody looks there for what is older. Found by halving, in
 * some dozens of small reads; rather earlier than too late, since the clocks of those who append differ, and what cannot be read is not known to be old.
 * @param now a clock that may be wrong: the newest event's time counts if it is earlier.
 */
export async function firstKept(log: Reader, { maxAgeMs, now }: { readonly maxAgeMs: number; readonly now: number }): Promise<number> {
  const head = await log.nextPosition();
  const [newest] = head === 0 ? [] : await readSound(log, { from: head - 1, limit: 1 });
  if (newest === undefined) return 0;
  const oldest = Math.min(now, newest.time.getTime()) - maxAgeMs - CLOCKS_DIFFER_MS;
  let [first, end] = [0, head - 1];
  while (first < end) {
    const middle = Math.floor((first + end) / 2);
    // One that tells an odd time is not believed alone.
    const events = await readSound(log, { from: middle, limit: WITNESSES });
    if (events.length > 0 && events.every(({ time }) => time.getTime() < oldest)) first = middle + 1;
    else end = middle;
  }
  return first;
}

type Reader = Pick<EventReader, "readAll" | "nextPosition">;

/** Nothing when one of them is corrupt: the relay says so when it gets there, and relays what stands before. */
async function readSound(log: Reader, range: ReadRange): Promise<readonly RecordedEvent[]> {
  return log.readAll(range).catch((error: unknown) => {
    if (corruptionIn(error) === undefined) throw error;
    return [];
  });
}

const CLOCKS_DIFFER_MS = 86_400_000;
const WITNESSES = 16;
