import { readdirSync, readFileSync } from "node:fs";
import { fromBinary, toBinary, type DescMessage } from "@bufbuild/protobuf";
import { reflect } from "@bufbuild/protobuf/reflect";
import { EmptySchema } from "@bufbuild/protobuf/wkt";
import { encodeEvent, EVENT_SCHEMAS } from "@countersign/events";
import { describe, expect, it } from "vitest";
import type { ActionEvent } from "../../domain/events.ts";
import {
  ann,
  approveBy,
  bob,
  breakGlassBy,
  cast,
  editBy,
  exporter,
  hex,
  inReview,
  opened,
  redeemed,
  ref,
  rejectBy,
  requested,
  stage,
  standing,
  T0,
  TERMS,
  verdict,
} from "../../testing/fixtures.ts";
import { given } from "../../testing/given.ts";
import { fromRecordedEvent, toNewEvent } from "./event-codec.ts";
import { UnreadableEventError } from "./from-event-message.ts";
import { toEventMessage } from "./to-event-message.ts";

/** A varint, a text and four bytes, under numbers that no message has. */
const LATER_FIELD = Buffer.from("a0f70107aaf7010161adf70101020304", "hex");

type Stored = { readonly type: string; readonly schemaVersion: number; readonly data: Uint8Array };

/** The event once for each field that it has, without that field. */
function withoutEachField(event: Stored): readonly Stored[] {
  const schema: DescMessage = Object.entries(EVENT_SCHEMAS).find(([type]) => type === event.type)?.[1] ?? EmptySchema;
  return schema.fields.map((field) => {
    const message = fromBinary(schema, event.data);
    reflect(schema, message).clear(field);
    return { ...event, data: toBinary(schema, message) };
  });
}

const everything = stage(["oncall"], 2, {
  quorum: {
    kind: "any",
    of: [
      { kind: "at_least", count: 2, of: [{ kind: "group", name: "oncall" }] },
      {
        kind: "all",
        of: [
          { kind: "at_least", count: 1, of: [{ kind: "person", id: "ada" }, { kind: "requester_manager" }] },
          { kind: "at_least", count: 1, of: [{ kind: "on_call", schedule: "primary" }] },
        ],
      },
    ],
  },
  distinctTeams: true,
  reminderSeconds: [60, 120],
  escalation: { afterSeconds: 600, to: [{ kind: "group", name: "managers" }] },
  onTimeout: "escalate",
  mode: "confirm",
  approveNeedsReason: true,
  leastSignIn: "mfa",
});
const inPlaceOf = { person: "0194", principals: [ref("bea")], entirely: false };

const edited = given(
  ...given(...inReview(verdict("review", { stages: [stage(["oncall"], 2), everything] })))
    .when(approveBy({ ...ann, signIn: "mfa" }, { reason: hex(0x21) }))
    .events(),
)
  .when(editBy(bob, verdict("review")))
  .events();

const breakGlass = { groups: ["oncall"], requester: true };
const brokenGlass = given(...inReview(verdict("review", { terms: { ...TERMS, breakGlass }, stages: [stage(["oncall"], 2), everything] })))
  .when(breakGlassBy({ ...ann, signIn: "mfa" }))
  .events();

const samples: readonly ActionEvent[] = [
  ...redeemed,
  ...edited,
  ...given(...inReview())
    .when(rejectBy(ann))
    .events(),
  cast(rejectBy(ann), 3),
  cast(
    rejectBy(ann, {
      standings: [standing(ann, { person: "0193", teams: ["db"], onCall: ["primary"], managesRequester: true, inPlaceOf })],
    }),
  ),
  cast(approveBy(ann, { at: T0 + 1000, readingSeconds: 7 }), 0, undefined, { availableSeconds: 1, neededSeconds: 7 }),
  opened(verdict("review"), T0, [ref("owner"), ref("sponsor")]),
  { type: "ReviewJoined", at: T0, number: 2, digest: hex(0xd1), input: hex(0x12) },
  { type: "VoteLapsed", at: T0, reviewer: ref("ann"), digest: hex(0xd1), cause: "not_eligible" },
  { type: "VoteLapsed", at: T0, reviewer: ref("ann"), digest: hex(0xd1), cause: "same_human" },
  { ...requested, requester: { ...exporter, chain: [{ ...ref("copilot"), type: "agent" }, ref("ann"), { ...ref("bob"), type: "human" }] } },
  { type: "EditAccepted", at: T0, digest: hex(0xd2) },
  { type: "StageOpened", at: T0, stage: 1, deadline: T0 + 1000, nextAt: T0 + 500 },
  { type: "ReviewerReminded", at: T0, stage: 1, number: 2, nextAt: T0 + 500, claimedBy: undefined },
  { type: "ReviewerReminded", at: T0, stage: 1, number: 2, nextAt: T0 + 500, claimedBy: ref("ann") },
  { type: "CommentAdded", at: T0, number: 1, kind: "question", author: ann, standing: standing(ann), text: hex(0x25), question: 0 },
  { type: "CommentAdded", at: T0, number: 2, kind: "answer", author: exporter, standing: undefined, text: hex(0x26), question: 1 },
  { type: "CommentAdded", at: T0, number: 3, kind: "remark", author: exporter, standing: undefined, text: hex(0x27), question: 0 },
  { type: "ReviewClaimed", at: T0, reviewer: ann, standing: standing(ann), expiresAt: T0 + 1000 },
  { type: "ClaimReleased", at: T0, reviewer: ref("ann") },
  { type: "ReviewEscalated", at: T0, stage: 1, deadline: T0 + 1000, nextAt: T0 + 1000 },
  { type: "ReviewHeld", at: T0, stage: 1 },
  { type: "ActionExpired", at: T0 },
  ...brokenGlass,
  { type: "AfterReviewReminded", at: T0, number: 2, nextAt: T0 + 1000 },
  { type: "AfterReviewClosed", at: T0, reviewer: bob, standing: standing(bob), finding: "justified", reason: hex(0x33) },
  { type: "AfterReviewClosed", at: T0, reviewer: bob, standing: standing(bob), finding: "not_justified", reason: hex(0x33) },
  { type: "ActionCancelled", at: T0, reason: undefined },
  { type: "ActionCancelled", at: T0, reason: hex(0x31) },
  { type: "GrantExpired", at: T0, grantId: "grant-1" },
  { type: "GrantRevoked", at: T0, grantId: "grant-1", reason: undefined },
  { type: "GrantRevoked", at: T0, grantId: "grant-1", reason: hex(0x32) },
  { type: "ExecutionReported", at: T0, outcome: "failed", outputDigest: "", message: undefined },
  { type: "ExecutionReported", at: T0, outcome: "succeeded", outputDigest: hex(0x41), message: hex(0x42) },
  { type: "ExecutionUnreported", at: T0 },
  { type: "ContentErased", at: T0, digests: [hex(0x51), hex(0x52)], reason: hex(0x53) },
];

function read(event: { readonly type: string; readonly schemaVersion: number; readonly data: Uint8Array }, at = T0): ActionEvent {
  return fromRecordedEvent({ ...event, time: new Date(at) });
}

describe("event codec", () => {
  it.each(samples)("P4: $type comes back as it was recorded", (event) => {
    expect(read(toNewEvent(event), event.at)).toEqual(event);
  });

  const golden = new URL("../../../../../libs/events/golden/", import.meta.url);
  const stored = readdirSync(golden)
    .map((file) => JSON.parse(readFileSync(new URL(file, golden), "utf8")) as { type: string; schemaVersion: number; data: string })
    .map(({ type, schemaVersion, data }) => ({ type, schemaVersion, data: new Uint8Array(Buffer.from(data, "hex")) }));

  const ours = new Set<string>(samples.map(({ type }) => type));

  it.each(stored.filter(({ type }) => ours.has(type)))("P5: nothing of a stored $type is lost on the way through the domain", (event) => {
    expect(encodeEvent(toEventMessage(read(event)))).toEqual(event);
  });

  it.each(stored.filter(({ type }) => ours.has(type)))(
    "P4: a field that a newer build added to $type changes nothing of what is known",
    (event) => {
      const later = { ...event, data: Buffer.concat([event.data, LATER_FIELD]) };
      expect(read(later)).toEqual(read(event));
    },
  );

  it.each(stored.filter(({ type }) => ours.has(type)))(
    "P7: $type as of a build that had less to say is read, or refused by name",
    (event) => {
      for (const less of withoutEachField(event)) {
        try {
          expect(read(less).type).toBe(event.type);
        } catch (error) {
          expect(error).toBeInstanceOf(UnreadableEventError);
        }
      }
    },
  );

  it.each(["ActionRequested", "VerdictReached", "VoteCast", "GrantIssued", "ExecutionReported"])(
    "P7: an empty %s is refused, not guessed",
    (type) => {
      expect(() => read({ type, schemaVersion: 1, data: new Uint8Array() })).toThrow();
    },
  );

  it("P7: an event of another stream type is refused", () => {
    expect(() => read({ type: "PolicyActivated", schemaVersion: 1, data: new Uint8Array() })).toThrow("in an action stream");
  });
});
