import type { RecordedEvent } from "@countersign/event-log";
import { MsgHdrsImpl, type MsgHdrs } from "@nats-io/transport-node";

/** For the relay: the attributes, and two more that make JetStream store the event at its sequence or not at all. */
export function eventHeaders(event: RecordedEvent): MsgHdrs {
  const record = attributeHeaders(event);
  // The event's own id, not its position: after a restore of the log another event may stand there, and is no duplicate.
  record["Nats-Msg-Id"] = [uuidText(event.eventId)];
  record["Nats-Expected-Last-Sequence"] = [String(event.position)];
  // Straight from the record: setting them one by one validates and searches all names each time, at ten times the cost.
  return MsgHdrsImpl.fromRecord(record);
}

/**
 * The event's attributes as headers: CloudEvents 1.0 in binary mode, lower case as the binding wants them; our own extensions are position,
 * tenant, stream version and tenant sequence.
 */
export function attributeHeaders(event: RecordedEvent): Record<string, string[]> {
  const record: Record<string, string[]> = {
    "ce-specversion": ["1.0"],
    "ce-id": [uuidText(event.eventId)],
    "ce-source": [`/countersign/${event.ledger}`],
    "ce-type": [`dev.countersign.${event.type}`],
    "ce-time": [event.time.toISOString()],
    "ce-subject": [headerText(event.stream.id)],
    "ce-datacontenttype": ["application/protobuf"],
    "ce-position": [String(event.position)],
    "ce-tenant": [event.stream.tenant],
    "ce-streamversion": [String(event.streamVersion)],
    "ce-tenantsequence": [String(event.tenantSequence)],
  };
  if (event.traceparent !== "") record["traceparent"] = [headerText(event.traceparent)];
  return record;
}

/** Canonical text of a UUID's 16 bytes. */
export function uuidText(bytes: Uint8Array): string {
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** Percent-encoded where the binding asks for it; a line end could otherwise begin a header of its own. */
function headerText(value: string): string {
  return PLAIN.test(value) ? value : encodeURIComponent(value.toWellFormed());
}

const PLAIN = /^[\x21\x23\x24\x26-\x7e]*$/;
