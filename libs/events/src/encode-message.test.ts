import { readdirSync, readFileSync } from "node:fs";
import { create, toBinary, type DescMessage, type MessageInitShape } from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";
import { StructSchema, timestampFromMs, TimestampSchema, type ValueSchema } from "@bufbuild/protobuf/wkt";
import { VerdictReachedSchema, VoteCastSchema } from "@countersign/proto/event/v1/action_events_pb";
import { ActionInputSchema, ActionSchema, StageSchema, VerdictSchema } from "@countersign/proto/v1/action_pb";
import { GetCheckpointResponseSchema } from "@countersign/proto/v1/audit_service_pb";
import { PrincipalSchema } from "@countersign/proto/v1/principal_pb";
import { PatchOperationSchema } from "@countersign/proto/v1/review_service_pb";
import { describe, expect, it } from "vitest";
import { encodeMessage, encodePart } from "./encode-message.ts";
import { decodeEvent, EVENT_SCHEMAS } from "./registry.ts";

const hash = new Uint8Array(32).fill(7);
const ann = { issuer: "https://issuer.example", id: "änn\u{1f600}" };
const times = [0, 1, 999, 1_764_000_000_123, 253_402_300_799_999, -1, -1500];
const json = {
  text: "ü",
  empty: "",
  zero: 0,
  minus: -0,
  large: 1e300,
  yes: true,
  no: false,
  nothing: null,
  list: [1, [], [["a", {}]], null],
  inner: { deep: { er: [] } },
  ["__proto__"]: { own: 1 },
};

const samples: readonly (readonly [DescMessage, MessageInitShape<DescMessage>])[] = [
  [ActionSchema, {}],
  [ActionSchema, { id: "", version: 0n, status: 0, salt: new Uint8Array(), bindingContext: [] }],
  [ActionSchema, { id: "1", version: 2n ** 60n, status: 3, salt: hash, bindingContext: ["", "environment"], requester: {}, review: {} }],
  [ActionSchema, { requester: { ...ann, groups: ["a".repeat(5000)] }, review: { votes: [{ reviewer: ann }, {}] } }],
  [ActionInputSchema, { action: { name: "n", properties: json }, context: {} }],
  [
    VerdictSchema,
    { stages: [{ quorum: { rule: { case: "atLeast", value: { count: 2, of: [{ who: { case: "group", value: "" } }] } } } }] },
  ],
  [
    StageSchema,
    { quorum: { rule: { case: "any", value: { of: [{ rule: { case: undefined } }] } } }, reminderSeconds: [0, 1, 2 ** 31], seconds: 60 },
  ],
  [
    PatchOperationSchema,
    { op: "add", value: { kind: { case: "structValue", value: create(StructSchema, {}) } } satisfies MessageInitShape<typeof ValueSchema> },
  ],
  [GetCheckpointResponseSchema, {}],
  ...times.map((time) => [TimestampSchema, timestampFromMs(time)] as const),
];

describe("encodeMessage gives the bytes that the library gives", () => {
  it.each(samples)("of %o: %o", (schema, fields) => {
    const message = create(schema, fields);
    const expected = toBinary(schema, message);
    expect(encodeMessage(schema, fields)).toEqual(expected);
    expect(encodeMessage(schema, message)).toEqual(expected);
  });

  it.each(Object.entries(EVENT_SCHEMAS))("of every event: %s", (type, schema) => {
    const file = new URL(`../golden/${type}.v1.json`, import.meta.url);
    const { data } = JSON.parse(readFileSync(file, "utf8")) as { readonly data: string };
    const message = decodeEvent({ type, schemaVersion: 1, data: new Uint8Array(Buffer.from(data, "hex")) }).data;
    expect(Buffer.from(encodeMessage<DescMessage>(schema, message)).toString("hex")).toBe(data);
  });

  it.each(times)("of the moment %i, given in milliseconds", (time) => {
    const expected = toBinary(ActionSchema, create(ActionSchema, { requestTime: timestampFromMs(time) }));
    expect(encodeMessage(ActionSchema, { requestTime: time })).toEqual(expected);
  });

  it("of parts that are encoded already", () => {
    const principal = { ...ann, groups: ["sre"] };
    const verdict = { rule: "r", revision: 3n, stages: [{ name: "s" }, { name: "t" }] };
    const parts = { ...verdict, stages: verdict.stages.map((stage) => encodePart(StageSchema, stage)) };
    expect(encodeMessage(VerdictReachedSchema, { verdict: encodePart(VerdictSchema, parts), digest: hash })).toEqual(
      toBinary(VerdictReachedSchema, create(VerdictReachedSchema, { verdict, digest: hash })),
    );
    expect(encodeMessage(VoteCastSchema, { reviewer: encodePart(PrincipalSchema, principal) })).toEqual(
      toBinary(VoteCastSchema, create(VoteCastSchema, { reviewer: principal })),
    );
  });

  it("of fields that a newer build wrote", () => {
    const newer = create(StageSchema, { name: "s" });
    newer.$unknown = [{ no: 99, wireType: WireType.Varint, data: new Uint8Array([1]) }];
    expect(encodeMessage(VerdictSchema, { stages: [newer] })).toEqual(toBinary(VerdictSchema, create(VerdictSchema, { stages: [newer] })));
  });
});

it("P8: no message meets another: not one that is encoded while a field of it is read, nor one that was larger or failed before", () => {
  const other = { keyId: "of another" };
  const fields = {
    policyDigest: hash,
    get digest() {
      expect(encodeMessage(VoteCastSchema, other)).toEqual(toBinary(VoteCastSchema, create(VoteCastSchema, other)));
      return hash;
    },
  };
  const expected = toBinary(VerdictReachedSchema, create(VerdictReachedSchema, { policyDigest: hash, digest: hash }));
  const first = encodeMessage(VerdictReachedSchema, fields);
  expect(first).toEqual(expected);
  expect(encodeMessage(VoteCastSchema, { keyId: "x".repeat(5_000_000) }).byteLength).toBeGreaterThan(5_000_000);
  expect(encodeMessage(VerdictReachedSchema, fields)).toEqual(expected);
  expect(first.buffer.byteLength).toBe(expected.byteLength);
});

describe("what cannot be encoded", () => {
  it("P7: a part of another type is refused, and leaves nothing behind", () => {
    const wrong = encodePart(StageSchema, { name: "s" });
    expect(() => encodeMessage(VoteCastSchema, { keyId: "k", reviewer: wrong })).toThrow(
      "countersign.v1.Stage in the place of countersign.v1.Principal",
    );
    expect(encodeMessage(VoteCastSchema, {})).toEqual(new Uint8Array());
  });

  it("is refused as the library refuses it", () => {
    expect(() => encodeMessage(StageSchema, { seconds: -1 })).toThrow("invalid uint32");
    expect(() => encodeMessage(StageSchema, { seconds: 1.5 })).toThrow("invalid uint32");
  });
});

it("every event has its golden file among those looked at", () => {
  expect(readdirSync(new URL("../golden/", import.meta.url)).length).toBeGreaterThanOrEqual(Object.keys(EVENT_SCHEMAS).length);
});
