export {
  decodeEvent,
  encodeEvent,
  eventJson,
  EVENT_SCHEMAS,
  isDirectoryEvent,
  knownEvent,
  requireKnown,
  UnknownEventError,
  type DecodedEvent,
  type DirectoryEvent,
  type EncodableEvent,
  type EventType,
} from "./registry.ts";
export { encodeMessage, encodePart, type Fields } from "./encode-message.ts";
export { eventFilter, Subjects, type EventSelection, type FilteredEvent } from "./event-filter.ts";
