import { decodeEvent, encodeEvent } from "@countersign/events";
import type { NewEvent, RecordedEvent } from "@countersign/event-log";
import type { ActionEvent } from "../../domain/events.ts";
import { fromEventMessage } from "./from-event-message.ts";
import { toEventMessage } from "./to-event-message.ts";

export function toNewEvent(event: ActionEvent): NewEvent {
  return encodeEvent(toEventMessage(event));
}

/** @throws UnknownEventError or UnreadableEventError when a newer build wrote it: nothing is decided on a past that is not understood. */
export function fromRecordedEvent(event: Pick<RecordedEvent, "type" | "schemaVersion" | "data" | "time">): ActionEvent {
  return fromEventMessage(decodeEvent(event), event.time.getTime());
}
