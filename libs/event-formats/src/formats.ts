import { toCef } from "./cef.ts";
import { toCloudEvent } from "./cloud-events.ts";
import { toOcsf } from "./ocsf.ts";
import { toOtelLogs } from "./otel-logs.ts";
import type { EventRecord } from "./record.ts";
import { SOC2_CSV_HEAD, toSoc2Csv } from "./soc2-csv.ts";

/** How a stretch of the log is written for another system: a head, then a line an event. */
export type EventFormat = {
  /** What a file of it is called. */
  readonly extension: string;
  readonly mediaType: string;
  /** The first line; empty when there is none. */
  readonly head: string;
  /** One event, without the line's end, which no text in it can forge. */
  readonly line: (record: EventRecord) => string;
  readonly lineEnd: "\n" | "\r\n";
};

/** Every format, by its name on the command line and in the API. */
export const EVENT_FORMATS = {
  "cloud-events": jsonLines("cloudevents.jsonl", "application/cloudevents+json", toCloudEvent),
  ocsf: jsonLines("ocsf.jsonl", "application/x-ndjson", toOcsf),
  "otel-logs": jsonLines("otlp.jsonl", "application/x-ndjson", toOtelLogs),
  cef: { extension: "cef", mediaType: "text/plain; charset=utf-8", head: "", line: toCef, lineEnd: "\n" },
  "soc2-csv": { extension: "csv", mediaType: "text/csv; charset=utf-8", head: SOC2_CSV_HEAD, line: toSoc2Csv, lineEnd: "\r\n" },
} as const satisfies Readonly<Record<string, EventFormat>>;

export type EventFormatName = keyof typeof EVENT_FORMATS;

/** Whether there is a format of this name. */
export function isEventFormat(name: string): name is EventFormatName {
  return Object.hasOwn(EVENT_FORMATS, name);
}

function jsonLines(extension: string, mediaType: string, convert: (record: EventRecord) => object): EventFormat {
  return { extension, mediaType, head: "", line: (record) => JSON.stringify(convert(record)), lineEnd: "\n" };
}
