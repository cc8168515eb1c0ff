import type { RecordedEvent } from "@countersign/event-log";
import { MsgHdrsImpl, type MsgHdrs } from "@nats-io/transport-node";

/**
 * For the relay: the attributes, and one that makes JetStream store the event at its sequence or not at all. No `Nats-Msg-Id`: the sequence keeps
 * what comes twice out, however late, and nats-server keeps each id in memory for as long as it looks for duplicates.
 * @param omitted - the message has no body, as NATS would not carry it: it says so, and how large it would be.
 */
export function eventHeaders(event: RecordedEvent, omitted = false): MsgHdrs {
  const missing = omitted ? `${OMITTED}: ${event.entry.byteLength}\r\n` : "";
  return attributeHeaders(event, `${missing}Nats-Expected-Last-Sequence: ${event.position}\r\n`);
}

/** Whether a message keeps the place of an event that was too large for NATS. */
export function isOmitted(headers: Pick<MsgHdrs, "has"> | undefined): boolean {
  return headers?.has(OMITTED) === true;
}

const OMITTED = "cs-omitted";

/**
 * The event's attributes as headers: CloudEvents 1.0 in binary mode, lower case as the binding wants them; our own extensions are position,
 * tenant, stream version and tenant sequence.
 * @param more - header lines of our own, each with its line end.
 */
export function attributeHeaders(event: RecordedEvent, more: string): MsgHdrs {
  const traceparent = event.traceparent === "" ? "" : `traceparent: ${headerText(event.traceparent)}\r\n`;
  return new WrittenHeaders(`NATS/1.0\r
ce-specversion: 1.0\r
ce-id: ${uuidText(event.eventId)}\r
ce-source: /countersign/${event.ledger}\r
ce-type: dev.countersign.${event.type}\r
ce-time: ${event.time.toISOString()}\r
ce-subject: ${headerText(event.stream.id)}\r
ce-datacontenttype: application/protobuf\r
ce-position: ${event.position}\r
ce-tenant: ${event.stream.tenant}\r
ce-streamversion: ${event.streamVersion}\r
ce-tenantsequence: ${event.tenantSequence}\r
${traceparent}${more}\r
`);
}

/** Headers that are text already, only to be sent: the client would gather the same text from a map of lists, for each event that happens. */
class WrittenHeaders extends MsgHdrsImpl {
  readonly #text: string;

  constructor(text: string) {
    super();
    this.#text = text;
  }

  override encode(): Uint8Array {
    return Buffer.from(this.#text);
  }
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
