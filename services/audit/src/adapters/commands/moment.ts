import { timestampDate, type Timestamp } from "@bufbuild/protobuf/wkt";
import { momentOf, NO_MOMENT, type Moment } from "@countersign/event-log";
import type { At } from "@countersign/proto/v1/at_pb";
import { invalidField } from "./unary.ts";

/** @throws CommandError when the message names no moment, or one that cannot be. */
export function readAt(at: At): Moment {
  const moment = momentOf(at);
  if (moment === undefined) throw invalidField("at", NO_MOMENT);
  return moment;
}

/** Where a period ends; undefined: now, with all that was recorded before, whatever its time. What has not happened yet cannot be shown. */
export function readEnd(to: Timestamp | undefined, now: Date): Date | undefined {
  const end = to && timestampDate(to);
  return end !== undefined && end <= now ? end : undefined;
}
