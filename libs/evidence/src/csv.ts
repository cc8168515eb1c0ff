import type { RecordedEvent } from "@countersign/event-log";

const CSV_COLUMNS = [
  "position",
  "tenant_sequence",
  "time",
  "type",
  "stream_type",
  "stream_id",
  "stream_version",
  "actor_issuer",
  "actor_id",
  "event_id",
] as const;

export const CSV_HEAD = `${CSV_COLUMNS.join(",")}\r\n`;

/** A segment's entries as a table (RFC 4180) with a line of names. A pure function of the entries, so that a verifier makes it again and compares. */
export function formatCsv(entries: readonly CsvEntry[]): Buffer {
  return Buffer.from(CSV_HEAD + entries.map(csvRow).join(""));
}

export type CsvEntry = Omit<RecordedEvent, "entry" | "leafHash">;

function csvRow(entry: CsvEntry): string {
  const { position, tenantSequence, time, type, stream, streamVersion, actor, eventId } = entry;
  return (
    `${position},${tenantSequence},${isoText(time)},${cell(type)},${cell(stream.type)},${cell(stream.id)},${streamVersion},` +
    `${cell(actor?.issuer ?? "")},${cell(actor?.id ?? "")},${hex(eventId)}\r\n`
  );
}

/**
 * A text that a spreadsheet takes for text: what starts like a formula, or with white space that it would skip, gets an apostrophe in front (OWASP, CSV injection).
 */
export function cell(text: string): string {
  if (PLAIN.test(text)) return text;
  const guarded = FORMULA.test(text) ? `'${text}` : text;
  return `"${guarded.replaceAll('"', '""')}"`;
}

const PLAIN = /^[A-Za-z0-9][A-Za-z0-9 .:/_@|-]*$/;
const FORMULA = /^[\s\p{Cc}]*[=+\-@\t\r\n\uff0b\uff0d\uff1d\uff20]/u;

/** As `toISOString`, for times that are in order: those of one day share its text. */
export function isoText(time: Date): string {
  const at = time.getTime();
  if (!(at >= lastDay.begin && at < lastDay.begin + DAY)) {
    lastDay = { begin: Math.floor(at / DAY) * DAY, date: time.toISOString().slice(0, -"00:00:00.000Z".length) };
  }
  const rest = at - lastDay.begin;
  const milliseconds = rest % 1000;
  const [hours, minutes, seconds] = [Math.floor(rest / 3_600_000), Math.floor(rest / 60_000) % 60, Math.floor(rest / 1000) % 60];
  return `${lastDay.date}${two(hours)}:${two(minutes)}:${two(seconds)}.${milliseconds < 100 ? "0" : ""}${two(milliseconds)}Z`;
}

const DAY = 86_400_000;
let lastDay = { begin: Number.NaN, date: "" };

const two = (value: number): string => (value < 10 ? `0${value}` : `${value}`);

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
}
