import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { eventJson, type DecodedEvent } from "@countersign/events";
import type { RecordedEvent } from "@countersign/event-log";
import type { EventSchema } from "@countersign/proto/v1/audit_service_pb";
import { uuidText } from "./uuid.ts";

/** An event as callers get it; without `decoded`, when a newer build wrote it, its bytes are shown all the same, and nothing is guessed. */
export function toWireEvent(event: RecordedEvent, decoded: DecodedEvent | undefined): MessageInitShape<typeof EventSchema> {
  return {
    position: BigInt(event.position),
    ledger: event.ledger,
    tenantSequence: BigInt(event.tenantSequence),
    streamType: event.stream.type,
    streamId: event.stream.id,
    streamVersion: BigInt(event.streamVersion),
    id: uuidText(event.eventId),
    type: event.type,
    eventTime: timestampFromDate(event.time),
    ...(event.actor === undefined ? {} : { actor: { issuer: event.actor.issuer, id: event.actor.id } }),
    ...(decoded === undefined ? {} : { data: payloadJson(decoded) }),
    entry: event.entry,
    leafHash: event.leafHash,
  };
}

type Json = ReturnType<typeof eventJson>;
type JsonObject = Exclude<Json, null | string | number | boolean | readonly unknown[]>;

/** The payload for reading. Every payload is an object in JSON. */
export function payloadJson(event: DecodedEvent): JsonObject {
  const json = eventJson(event);
  return isObject(json) ? json : {};
}

function isObject(json: Json): json is JsonObject {
  return typeof json === "object" && json !== null && !Array.isArray(json);
}
