import { hex, type EventRecord, type JsonObject } from "./record.ts";

/**
 * CloudEvents 1.0 in the JSON event format, one object a line. `source` and `type` are those of the messages on the bus, `id` is the event's own: whoever gets an event
 * both ways can tell that it is one (CloudEvents 1.0.2, 3.1.1: `source` + `id` is unique).
 */
export function toCloudEvent(record: EventRecord): JsonObject {
  return {
    specversion: "1.0",
    id: record.id,
    source: `/countersign/${record.ledger}`,
    type: `dev.countersign.${record.type}`,
    time: record.time.toISOString(),
    subject: record.stream.id,
    datacontenttype: "application/json",
    tenant: record.tenant,
    position: String(record.position),
    tenantsequence: String(record.tenantSequence),
    streamtype: record.stream.type,
    streamversion: String(record.streamVersion),
    leafhash: hex(record.leafHash),
    ...(record.actor === undefined ? {} : { actorissuer: record.actor.issuer, actorid: record.actor.id }),
    ...(record.traceparent === "" ? {} : { traceparent: record.traceparent }),
    ...(record.data === undefined ? {} : { data: record.data }),
  };
}
