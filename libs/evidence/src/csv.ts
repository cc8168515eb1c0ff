import type { EntryView } from "./entry-view.ts";

export const CSV_COLUMNS = [
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
export function formatCsv(entries: readonly EntryView[]): Buffer {
  return Buffer.from(CSV_HEAD + entries.map(({ entry }) => csvRow(entry)).join(""));
}

export function csvRow(entry: EntryView["entry"]): string {
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

/** As `toISOString`; events of one append share their time. */
export function isoText(time: Date): string {
  const at = time.getTime();
  if (at !== lastTime.at) lastTime = { at, text: time.toISOString() };
  return lastTime.text;
}

let lastTime = { at: Number.NaN, text: "" };

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
}
