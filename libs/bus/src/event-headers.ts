import type { RecordedEvent } from "@countersign/event-log";
import { MsgHdrsImpl, type MsgHdrs } from "@nats-io/transport-node";

/**
 * The event's attributes as headers: CloudEvents 1.0 in binary mode, lower case as the binding wants them; our own extensions are position,
 * tenant, stream version and tenant sequence. Two more make JetStream store the event at its sequence or not at all.
 */
export function eventHeaders(event: RecordedEvent): MsgHdrs {
  const id = uuidText(event.eventId);
  const record: Record<string, string[]> = {
    "ce-specversion": ["1.0"],
    "ce-id": [id],
    "ce-source": [`/countersign/${event.ledger}`],
    "ce-type": [`dev.countersign.${event.type}`],
    "ce-time": [event.time.toISOString()],
    "ce-subject": [headerText(event.stream.id)],
    "ce-datacontenttype": ["application/protobuf"],
    "ce-position": [String(event.position)],
    "ce-tenant": [event.stream.tenant],
    "ce-streamversion": [String(event.streamVersion)],
    "ce-tenantsequence": [String(event.tenantSequence)],
    // The event's own id, not its position: after a restore of the log another event may stand there, and is no duplicate.
    "Nats-Msg-Id": [id],
    "Nats-Expected-Last-Sequence": [String(event.position)],
  };
  if (event.traceparent !== "") record["traceparent"] = [headerText(event.traceparent)];
  // Straight from the record: setting them one by one validates and searches all names each time, at ten times the cost.
  return MsgHdrsImpl.fromRecord(record);
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
