import { decodeEntry, EventLogError, readEntry } from "@countersign/event-log";
import { createMemoryEventLog } from "@countersign/event-log/testing";
import { decodeEvent, encodeEvent, EVENT_SCHEMAS, eventJson, UnknownEventError, type EventType } from "@countersign/events";
import { encodeEntry } from "../../../../libs/event-log/src/entry-codec.ts";
import { contentRefs, readPayload } from "@countersign/evidence";
import { must, type Target } from "../engine/target.ts";
import { sampleMessages } from "./sample-message.ts";

/** Entries of the log as they come over the bus and out of archives: the envelope, and the payload when its type is known. */
export const events: Target = {
  name: "events",
  kind: "protobuf",
  refusals: [EventLogError],
  words: Object.keys(EVENT_SCHEMAS),
  quick: 60,
  prepare: async () => ({
    seeds: await entries(),
    run: (input) => {
      const entry = readEntry(input);
      const again = readEntry(encodeEntry(entry));
      must(Buffer.from(encodeEntry(again)).equals(encodeEntry(entry)), "an entry reads back as another one");
      must(!Number.isNaN(entry.time.getTime()), "an entry has a time that is none");
      const event = decodeEntry(input);
      const payload = readPayload(event);
      return payload === undefined ? undefined : JSON.stringify(contentRefs(payload).map((digest) => Buffer.from(digest).toString("hex")));
    },
  }),
};

/** Payloads alone: every event type, as every consumer decodes it. */
export const payloads: Target = {
  name: "payloads",
  kind: "protobuf",
  refusals: [UnknownEventError],
  quick: 60,
  prepare: () => ({
    seeds: types.flatMap((type, index) => sampleMessages(EVENT_SCHEMAS[type]).map((data) => Buffer.concat([tagOf(index), data]))),
    run: (input) => {
      const type = types[(input[TAG.length] ?? 0) % types.length] ?? "VoteCast";
      const data = TAG.every((byte, index) => input[index] === byte) ? input.subarray(TAG.length + 1) : input;
      const event = decoded(type, data);
      if (event === undefined) return undefined;
      const bytes = encodeEvent(event).data;
      const again = decoded(type, bytes);
      must(again !== undefined && Buffer.from(encodeEvent(again).data).equals(bytes), "a payload reads back as another one");
      return JSON.stringify(jsonIfAny(event));
    },
  }),
};

const types = Object.keys(EVENT_SCHEMAS) as EventType[];
/** Field 4000, a number: which type it is. */
const TAG = [0x80, 0xfa, 0x01] as const;
const tagOf = (index: number): Buffer => Buffer.of(...TAG, index);

/** Readers of protobuf throw plain errors; what stands in the log was written by us, so nobody catches them by name. */
function decoded(type: EventType, data: Uint8Array) {
  try {
    return decodeEvent({ type, schemaVersion: 1, data });
  } catch (error) {
    if (isRefusal(error)) return undefined;
    throw error;
  }
}

/** ProtoJSON has no words for times outside of the years 1 to 9999, and says so. */
function jsonIfAny(event: NonNullable<ReturnType<typeof decoded>>): unknown {
  try {
    return eventJson(event);
  } catch (error) {
    if (isRefusal(error)) return undefined;
    throw error;
  }
}

/** The library refuses by plain errors; a text that is no UTF-8 by the TypeError of the platform's decoder; a stretch behind the end by a RangeError of its own. */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return error.constructor === Error || "code" in error || error.message === "premature EOF";
}

async function entries(): Promise<readonly Uint8Array[]> {
  const log = createMemoryEventLog({ ledger: "main" });
  for (const [index, type] of types.entries()) {
    const data = sampleMessages(EVENT_SCHEMAS[type])[0] ?? new Uint8Array();
    await log.append({
      stream: { tenant: "acme", type: "action", id: `a${index}` },
      expectedVersion: 0,
      events: [{ type, schemaVersion: 1, data }],
      time: new Date(Date.UTC(2026, 2, 1)),
      actor: { issuer: "https://id.example", id: "alice" },
      traceparent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    });
  }
  return (await log.readAll({ from: 0, limit: 1000 })).map(({ entry }) => entry);
}
