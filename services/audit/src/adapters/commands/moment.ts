import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { Moment } from "@countersign/event-log";
import type { At } from "@countersign/proto/v1/at_pb";
import { invalidField } from "./unary.ts";

/** @throws CommandError when the message names no moment, or one that cannot be. */
export function readAt({ moment }: At): Moment {
  if (moment.case === "position" && moment.value <= BigInt(Number.MAX_SAFE_INTEGER)) return { position: Number(moment.value) };
  if (moment.case === "time") return { time: timestampDate(moment.value) };
  throw invalidField("at", "must name a time, or a position below 2^53");
}
