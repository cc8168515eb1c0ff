import { timestampDate, type Timestamp } from "@bufbuild/protobuf/wkt";
import type { At } from "@countersign/proto/v1/at_pb";

/** A moment in a ledger's past: just after the event at a position, or after everything that has a time or an earlier one. */
export type Moment = { readonly position: number } | { readonly time: Date };

/**
 * The events of one stream that had happened then: all before the first later one. Clocks of services differ, so by time the stream's own order counts.
 */
export function until<Event extends { readonly position: number; readonly time: Date }>(
  events: readonly Event[],
  moment: Moment,
): readonly Event[] {
  const isLater = "position" in moment ? (event: Event) => event.position > moment.position : (event: Event) => event.time > moment.time;
  const end = events.findIndex(isLater);
  return end < 0 ? events : events.slice(0, end);
}

/** What a request names; nothing when it names no moment, or one that cannot be. */
export function momentOf({ moment }: At): Moment | undefined {
  if (moment.case === "position" && moment.value <= BigInt(Number.MAX_SAFE_INTEGER)) return { position: Number(moment.value) };
  return moment.case === "time" ? { time: timestampDate(moment.value) } : undefined;
}

/** Where a period ends; undefined: now, with all that was recorded before, whatever its time. What has not happened yet cannot be shown. */
export function readEnd(to: Timestamp | undefined, now: Date): Date | undefined {
  const end = to && timestampDate(to);
  return end !== undefined && end <= now ? end : undefined;
}

/** What is told to somebody whose `at` names none. */
export const NO_MOMENT = "must name a time, or a position below 2^53";
