import { momentOf, NO_MOMENT, type Moment } from "@countersign/event-log";
import type { At } from "@countersign/proto/v1/at_pb";
import { invalidField } from "./unary.ts";

/** @throws CommandError when the message names no moment, or one that cannot be. */
export function readAt(at: At): Moment {
  const moment = momentOf(at);
  if (moment === undefined) throw invalidField("at", NO_MOMENT);
  return moment;
}
