import type { DecodedEvent } from "@countersign/events";
import type { Fact } from "./read-back.ts";

/** For tests of the checker: a fact of tenant acme at a place of the log, at a second. Its id and its bytes are its position. */
export function factOf(payload: DecodedEvent, place: { position: number; id: string; version: number; seconds?: number }): Fact {
  const { position, id, version, seconds = 1 } = place;
  return {
    payload,
    event: {
      ledger: "main",
      position,
      stream: { tenant: "acme", type: payload.type.startsWith("Policy") ? "policy" : "action", id },
      streamVersion: version,
      tenantSequence: position + 1,
      eventId: new Uint8Array(16).fill(position),
      type: payload.type,
      schemaVersion: 1,
      time: new Date(seconds * 1000),
      actor: undefined,
      traceparent: "",
      data: new Uint8Array(),
      entry: Uint8Array.of(position),
      leafHash: new Uint8Array(),
    },
  };
}
