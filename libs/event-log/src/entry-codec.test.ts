import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { EntrySchema } from "@countersign/proto/event/v1/entry_pb";
import { leafHash } from "@countersign/tlog";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeEntry, encodeEntry } from "./entry-codec.ts";
import { readEntry, type Entry } from "./entry-reader.ts";
import { EventLogError } from "./errors.ts";

const text = fc.string({ unit: "binary", maxLength: 200 }).filter((value) => value.isWellFormed());
const counter = fc.maxSafeNat();
const someBytes = fc.uint8Array({ maxLength: 300 });
const entries: fc.Arbitrary<Entry> = fc.record({
  ledger: text,
  position: counter,
  stream: fc.record({ tenant: text, type: text, id: text }),
  streamVersion: counter,
  tenantSequence: counter,
  eventId: someBytes,
  type: text,
  schemaVersion: fc.nat(),
  time: fc.date({ min: new Date(0), max: new Date(253_402_300_799_999), noInvalidDate: true }),
  actor: fc.option(fc.record({ issuer: text, id: text }), { nil: undefined }),
  traceparent: text,
  previousStreamLeaf: someBytes,
  previousTenantLeaf: someBytes,
  data: someBytes,
});

function asMessage(entry: Entry) {
  return create(EntrySchema, {
    ledger: entry.ledger,
    position: BigInt(entry.position),
    tenant: entry.stream.tenant,
    tenantSequence: BigInt(entry.tenantSequence),
    streamType: entry.stream.type,
    streamId: entry.stream.id,
    streamVersion: BigInt(entry.streamVersion),
    eventId: entry.eventId,
    type: entry.type,
    schemaVersion: entry.schemaVersion,
    eventTime: { seconds: BigInt(Math.floor(entry.time.getTime() / 1000)), nanos: (entry.time.getTime() % 1000) * 1_000_000 },
    ...(entry.actor === undefined ? {} : { actor: entry.actor }),
    traceparent: entry.traceparent,
    previousStreamLeaf: entry.previousStreamLeaf,
    previousTenantLeaf: entry.previousTenantLeaf,
    data: entry.data,
  });
}

describe("an entry's bytes", () => {
  it("are those of countersign.event.v1.Entry", () => {
    fc.assert(
      fc.property(entries, (entry) => {
        expect(Buffer.from(encodeEntry(entry))).toEqual(Buffer.from(toBinary(EntrySchema, asMessage(entry))));
      }),
    );
  });

  it("decode to what was encoded", () => {
    fc.assert(
      fc.property(entries, (entry) => {
        expect(readEntry(encodeEntry(entry))).toEqual(entry);
      }),
    );
  });

  it("P6: decode to the same event through the general decoder, with the leaf hash of exactly these bytes", () => {
    fc.assert(
      fc.property(entries, (entry) => {
        const encoded = encodeEntry(entry);
        const event = decodeEntry(encoded);
        expect(fromBinary(EntrySchema, encoded)).toEqual(asMessage(readEntry(encoded)));
        expect(event.leafHash).toEqual(leafHash(encoded));
        expect(event.entry).toBe(encoded);
      }),
    );
  });

  it("P7: of any kind are an entry or refused, and nothing else happens", () => {
    fc.assert(
      fc.property(entries, fc.nat(), fc.nat(255), (entry, place, byte) => {
        const changed = Buffer.from(encodeEntry(entry));
        if (changed.length > 0) changed[place % changed.length] = byte;
        for (const bytes of [changed, changed.subarray(0, place % (changed.length + 1))]) {
          try {
            readEntry(bytes);
          } catch (error) {
            expect(error).toBeInstanceOf(EventLogError);
          }
        }
      }),
    );
  });

  it("keep fields of a later version apart: they are passed over", () => {
    const known = encodeEntry({ ...readEntry(new Uint8Array()), type: "ActionRequested" });
    const later = Buffer.concat([known, Buffer.from("a0069601a9060102030405060708b2060161bd0601020304", "hex")]);
    expect(readEntry(later)).toEqual(readEntry(known));
    expect(() => readEntry(Buffer.from("a306a406", "hex"))).toThrow(EventLogError);
  });

  it("P7: are refused when they are something else", () => {
    expect(() => decodeEntry(Buffer.from("ffffff", "hex"))).toThrow(EventLogError);
    expect(() => decodeEntry(Buffer.from("0a05416263", "hex"))).toThrow(EventLogError);
  });
});
