import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { AtSchema } from "@countersign/proto/v1/at_pb";
import { InvalidArgumentError } from "commander";

export type At = MessageInitShape<typeof AtSchema>;

/** A position such as `4711`, or a time such as `2026-01-31T12:30:05Z`; a time needs its zone. */
export function parseAt(text: string): At {
  if (/^\d{1,15}$/.test(text)) return { moment: { case: "position", value: BigInt(text) } };
  return { moment: { case: "time", value: timestampFromDate(parseTime(text)) } };
}

/** RFC 3339 with a zone. */
export function parseTime(text: string): Date {
  const time = timeOf(text);
  if (time === undefined) throw new InvalidArgumentError("must be a time such as 2026-01-31T12:30:05Z");
  return time;
}

/** What is not ISO 8601 with an offset would mean another moment on another machine: no time. */
export function timeOf(text: string): Date | undefined {
  if (!/^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$/i.test(text)) return undefined;
  const time = new Date(text.replace(" ", "T"));
  return Number.isNaN(time.getTime()) ? undefined : time;
}
