export {
  decodeEvent,
  encodeEvent,
  eventJson,
  EVENT_SCHEMAS,
  isDirectoryEvent,
  UnknownEventError,
  type DecodedEvent,
  type DirectoryEvent,
  type EventType,
} from "./registry.ts";
export { eventFilter, Subjects, type EventSelection, type FilteredEvent } from "./event-filter.ts";
