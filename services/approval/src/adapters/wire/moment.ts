import { timestampDate } from "@bufbuild/protobuf/wkt";
import type { Moment } from "@countersign/event-log";
import type { At } from "@countersign/proto/v1/at_pb";

/** Nothing when the message names no moment, or one that cannot be. */
export function fromAt({ moment }: At): Moment | undefined {
  if (moment.case === "position" && moment.value <= BigInt(Number.MAX_SAFE_INTEGER)) return { position: Number(moment.value) };
  return moment.case === "time" ? { time: timestampDate(moment.value) } : undefined;
}
