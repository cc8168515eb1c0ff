export { decodeEvent, encodeEvent, eventJson, EVENT_SCHEMAS, UnknownEventError, type DecodedEvent, type EventType } from "./registry.ts";
