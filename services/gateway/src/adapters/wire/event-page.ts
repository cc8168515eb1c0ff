import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";

/** A page of events, each already in the form in which it is sent. */
export type EventPage = {
  /** A `StreamEventsResponse` per event. */
  readonly messages: readonly Uint8Array[];
  /** Of all of it, which are in memory while one message is. */
  readonly bytes: number;
  readonly nextPosition: number;
  readonly atHead: boolean;
};

/**
 * Cuts a `ReadEventsResponse` into `StreamEventsResponse` messages. Both hold an event as field 1, so that the bytes of one are the bytes
 * of the other and nothing is decoded.
 */
export function eventPageOf(reply: Uint8Array): EventPage {
  const reader = new BinaryReader(reply);
  const messages: Uint8Array[] = [];
  let [nextPosition, atHead] = [0, false];
  while (reader.pos < reader.len) {
    const start = reader.pos;
    const [field, wireType] = reader.tag();
    if (field === 1 && wireType === WireType.LengthDelimited) {
      reader.skip(wireType, field);
      messages.push(reply.subarray(start, reader.pos));
    } else if (field === 2) nextPosition = Number(reader.uint64());
    else if (field === 3) atHead = reader.bool();
    else reader.skip(wireType, field);
  }
  return { messages, bytes: reply.length, nextPosition, atHead };
}
