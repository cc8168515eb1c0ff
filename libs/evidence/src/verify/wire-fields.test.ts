import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { timestampFromMs, TimestampSchema } from "@bufbuild/protobuf/wkt";
import { EntrySchema } from "@countersign/proto/event/v1/entry_pb";
import { GrantIssuedSchema, VoteCastSchema } from "@countersign/proto/event/v1/action_events_pb";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { sampleLog } from "../testing/sample-log.ts";
import { EntryFields, Field } from "./entry-fields.ts";
import { PLANS } from "./payload-plans.ts";
import { MOST_ENUM, MOST_UINT32, timeOf, WireFields } from "./wire-fields.ts";

const NINE = Buffer.alloc(9, 9);

/** What is read of a payload in place, with other bytes around it; undefined when it is refused. */
function inPlace<Said>(bytes: Uint8Array, said: (fields: WireFields) => Said | undefined): Said | undefined {
  const fields = new WireFields();
  return fields.read(Buffer.concat([NINE, bytes, NINE]), 9, 9 + bytes.length) ? said(fields) : undefined;
}

function grant(bytes: Uint8Array) {
  const { grantId, digest, expireTime } = GrantIssuedSchema.field;
  return inPlace(bytes, (fields) => {
    const expiry = timeOf(fields, expireTime.number);
    if (Number.isNaN(expiry) || !fields.areBytes((1 << grantId.number) | (1 << digest.number))) return undefined;
    return { digest: Buffer.from(fields.view(digest.number)), expiry };
  });
}

function grantOfMessage(bytes: Uint8Array) {
  const { digest, expireTime } = fromBinary(GrantIssuedSchema, bytes);
  const expiry = expireTime === undefined ? 0 : Number(expireTime.seconds) * 1000 + Math.floor(expireTime.nanos / 1_000_000);
  return { digest: Buffer.from(digest), expiry };
}

function vote(bytes: Uint8Array) {
  const { reviewer, digest, shownDigest, stage, keyId, signature, decision } = PLANS.votes.VoteCast;
  return inPlace(bytes, (fields) => {
    const person = new WireFields();
    const asked = [reviewer, digest, shownDigest, keyId, signature];
    if (!asked.every((field) => fields.isBytes(field)) || !fields.isNumber(stage, MOST_UINT32) || !fields.isNumber(decision, MOST_ENUM))
      return undefined;
    if (!person.read(fields.bytes, fields.begin(reviewer), fields.end(reviewer)) || !person.isBytes(PLANS.id)) return undefined;
    const [hash, signed] = [Buffer.from(fields.view(digest)), Buffer.from(fields.view(signature))];
    return { id: person.text(PLANS.id), hash, signed, stage: fields.number(stage), decision: fields.number(decision) };
  });
}

function voteOfMessage(bytes: Uint8Array) {
  const { reviewer, digest, signature, stage, decision } = fromBinary(VoteCastSchema, bytes);
  return { id: reviewer?.id ?? "", hash: Buffer.from(digest), signed: Buffer.from(signature), stage, decision };
}

type Change = { readonly at: number; readonly cut: number; readonly again: number | undefined; readonly between: Uint8Array };

/** A message's fields, each with its tag. */
function piecesOf(bytes: Uint8Array): readonly Uint8Array[] {
  const reader = new BinaryReader(bytes);
  const pieces: Uint8Array[] = [];
  for (let begin = 0; reader.pos < reader.len; begin = reader.pos) {
    const [field, type] = reader.tag();
    reader.skip(type, field);
    pieces.push(bytes.subarray(begin, reader.pos));
  }
  return pieces;
}

function applied(pieces: readonly Uint8Array[], { at, cut, again, between }: Change): readonly Uint8Array[] {
  const place = at % (pieces.length + 1);
  const put = (again === undefined ? undefined : pieces[again % (pieces.length + 1)]) ?? between;
  return [...pieces.slice(0, place), put, ...pieces.slice(place + cut)];
}

describe("P6: fields that are read in place", () => {
  let grants: Uint8Array[];
  let votes: Uint8Array[];
  beforeAll(async () => {
    const events = await (await sampleLog({ actions: 3 })).readAll({ from: 0, limit: 100 });
    const payloads = (type: string): Uint8Array[] => events.filter((event) => event.type === type).map(({ data }) => data);
    [grants, votes] = [payloads("GrantIssued"), payloads("VoteCast")];
  });

  it("say what the message says, or nothing, whatever is left out, said again or put between", () => {
    // Fields that the message knows are of its types: what a reader makes of others is its own affair.
    const changesOf = (numbers: readonly number[]): fc.Arbitrary<readonly Change[]> => {
      const value = fc.oneof(
        fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
        fc.nat(3).map((low) => 2n ** 32n + BigInt(low)),
      );
      const between = fc.oneof(
        fc
          .tuple(fc.constantFrom(20, 40, ...numbers), value)
          .map(([field, number]) => new BinaryWriter().tag(field, WireType.Varint).uint64(number).finish()),
        fc
          .tuple(fc.integer({ min: 20, max: 40 }), fc.uint8Array({ maxLength: 9 }))
          .map(([field, bytes]) => new BinaryWriter().tag(field, WireType.LengthDelimited).bytes(bytes).finish()),
        fc.constant(new BinaryWriter().tag(21, WireType.Bit32).fixed32(7).tag(22, WireType.Bit64).fixed64(7).finish()),
      );
      const again = fc.option(fc.nat(), { nil: undefined });
      return fc.array(fc.record({ at: fc.nat(), cut: fc.nat(1), again, between }), { maxLength: 3 });
    };
    const { stage, decision } = PLANS.votes.VoteCast;
    let same = 0;
    const check = (
      whole: Uint8Array,
      read: (bytes: Uint8Array) => unknown,
      full: (bytes: Uint8Array) => unknown,
      changes: readonly Change[],
    ) => {
      const changed = Buffer.concat(changes.reduce(applied, piecesOf(whole)));
      const said = read(changed);
      if (said === undefined) return;
      expect(said).toEqual(full(changed));
      same += 1;
    };
    fc.assert(
      fc.property(fc.nat(), changesOf([]), changesOf([stage, decision]), (which, ofGrant, ofVote) => {
        check(grants[which % grants.length] ?? NINE, grant, grantOfMessage, ofGrant);
        check(votes[which % votes.length] ?? NINE, vote, voteOfMessage, ofVote);
      }),
      { numRuns: 500 },
    );
    expect(same).toBeGreaterThan(100);
  });

  it("P2: a time with more of a second than there is, which a message wraps around, is none", () => {
    const time = new BinaryWriter()
      .tag(1, WireType.Varint)
      .int64(1_800_000_000)
      .tag(2, WireType.Varint)
      .uint64(2 ** 32 * 1000)
      .finish();
    expect(fromBinary(TimestampSchema, time).nanos).toBe(0);
    const { number } = GrantIssuedSchema.field.expireTime;
    const payload = (inner: Uint8Array) => new BinaryWriter().tag(number, WireType.LengthDelimited).bytes(inner).finish();
    expect(inPlace(payload(time), (fields) => timeOf(fields, number))).toBeNaN();
    const last = toBinary(TimestampSchema, { ...timestampFromMs(1_800_000_000_000), nanos: 999_999_999 });
    expect(inPlace(payload(last), (fields) => timeOf(fields, number))).toBe(1_800_000_000_999);
  });

  it("are numbers of no more bits than the message has", () => {
    const bytes = new BinaryWriter()
      .tag(1, WireType.Varint)
      .uint64(2 ** 32 + 1)
      .finish();
    const isNumber = (most?: number) => inPlace(bytes, (fields) => fields.isNumber(1, most));
    expect([isNumber(), isNumber(2 ** 32 + 1), isNumber(MOST_UINT32)]).toEqual([true, true, false]);
    const version = new BinaryWriter()
      .tag(Field.schemaVersion, WireType.Varint)
      .uint64(2 ** 32 + 1)
      .finish();
    expect(fromBinary(EntrySchema, version).schemaVersion).toBe(1);
    expect(new EntryFields().read(Buffer.from(version), 0, version.length)).toBe(false);
  });

  it("have numbers that can be asked for", () => {
    const { payloads, votes: plans, verdict, bindingContext, issuer, id } = PLANS;
    const asked = [...payloads.values()].flatMap(({ digest, end, refs }) => [digest, end, ...refs]);
    const all = [...asked, ...Object.values(plans).flatMap((plan) => Object.values(plan)), verdict, bindingContext, issuer, id];
    expect(Math.max(...all)).toBeLessThan(32);
  });
});
