export { EVENT_FORMATS, isEventFormat, type EventFormat, type EventFormatName } from "./formats.ts";
export type { EventRecord } from "./record.ts";
