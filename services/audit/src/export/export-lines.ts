import { knownEvent } from "@countersign/events";
import { createHash } from "node:crypto";
import { EVENT_FORMATS, type EventFormatName, type EventRecord } from "@countersign/event-formats";
import { pagesOf, stretchOf, type RecordedEvent, type TenantReader } from "@countersign/event-log";
import { describeEvent } from "../adapters/events/describe.ts";
import { plainText } from "../adapters/events/plain-text.ts";
import { uuidText } from "../adapters/events/uuid.ts";
import { payloadJson } from "../adapters/events/wire-event.ts";
import type { ExportProgress } from "./export-archive.ts";

/** What was handed out. */
export type ExportedLines = { readonly entries: number; readonly bytes: number; readonly digest: Uint8Array };

/**
 * Writes a tenant's period, an event a line, in a format of other systems. Holds a page of events at a time. What people typed is not in it: it may be
 * erased here, and never there.
 */
export async function* exportLines(
  log: TenantReader,
  tenant: string,
  period: Parameters<typeof stretchOf>[2],
  name: EventFormatName,
): AsyncGenerator<{ readonly bytes: Uint8Array; readonly progress: ExportProgress }, ExportedLines> {
  const { head, line, lineEnd } = EVENT_FORMATS[name];
  const stretch = await stretchOf(log, tenant, period);
  const total = stretch.last - stretch.first + 1;
  const hash = createHash("sha256");
  let [entries, bytes] = [0, 0];
  const piece = (text: string, position: number) => {
    const encoded = Buffer.from(text);
    hash.update(encoded);
    bytes += encoded.length;
    return { bytes: encoded, progress: { position, done: entries, total } };
  };
  if (head !== "") yield piece(`${head}${lineEnd}`, 0);
  for await (const page of pagesOf(log, tenant, stretch)) {
    for (const event of page) {
      entries += 1;
      yield piece(`${line(toRecord(event))}${lineEnd}`, event.position);
    }
  }
  return { entries, bytes, digest: hash.digest() };
}

function toRecord(event: RecordedEvent): EventRecord {
  const { ledger, position, tenantSequence, type, time, stream, streamVersion, actor, traceparent, leafHash } = event;
  const decoded = knownEvent(event);
  return {
    ledger,
    tenant: stream.tenant,
    position,
    tenantSequence,
    id: uuidText(event.eventId),
    type,
    time,
    stream: { type: stream.type, id: stream.id },
    streamVersion,
    actor,
    traceparent,
    leafHash,
    data: decoded === undefined ? undefined : payloadJson(decoded),
    summary: decoded === undefined ? `${plainText(type)} (recorded by a newer version)` : describeEvent(decoded, () => "withheld"),
  };
}
