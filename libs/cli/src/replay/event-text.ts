import { eventJson, knownEvent } from "@countersign/events";
import type { RecordedEvent } from "@countersign/event-log";
import { visible } from "@countersign/review-view";

/** One line for people; whatever comes from outside is made visible. */
export function eventLine({ position, time, type, stream, actor }: RecordedEvent, withTenant: boolean): string {
  const by = actor === undefined ? "" : ` by ${visible(actor.id).text}`;
  const tenant = withTenant ? `${visible(stream.tenant).text} ` : "";
  const when = time.toISOString().replace("T", " ");
  return `${position}  ${when}  ${tenant}${visible(type).text}  ${visible(stream.type).text} ${visible(stream.id).text}${by}`;
}

/** One line of JSON: all that the entry says, the payload for reading where this version knows it, and the bytes that count. */
export function eventJsonLine(event: RecordedEvent): string {
  return JSON.stringify({
    position: event.position,
    ledger: event.ledger,
    tenant: event.stream.tenant,
    tenant_sequence: event.tenantSequence,
    stream_type: event.stream.type,
    stream_id: event.stream.id,
    stream_version: event.streamVersion,
    event_id: Buffer.from(event.eventId).toString("hex"),
    type: event.type,
    schema_version: event.schemaVersion,
    time: event.time.toISOString(),
    actor: event.actor ?? null,
    data: payload(event),
    leaf_hash: Buffer.from(event.leafHash).toString("hex"),
    entry: Buffer.from(event.entry).toString("base64"),
  });
}

function payload(event: RecordedEvent): unknown {
  const known = knownEvent(event);
  return known === undefined ? null : eventJson(known);
}
