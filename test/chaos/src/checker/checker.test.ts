import { create } from "@bufbuild/protobuf";
import type { DecodedEvent } from "@countersign/events";
import * as events from "@countersign/proto/event/v1/action_events_pb";
import { PrincipalType } from "@countersign/proto/v1/principal_pb";
import { CommentKind, ExecutionOutcome, VerdictOutcome, VoteDecision } from "@countersign/proto/v1/action_pb";
import { describe, expect, it } from "vitest";
import type { Acknowledgement } from "../history.ts";
import { brokenLaws } from "./laws.ts";
import { lostPromises } from "./lost.ts";
import type { Fact } from "./read-back.ts";

const DIGEST = new Uint8Array(32).fill(1);
const OTHER = new Uint8Array(32).fill(2);
const GRANTEE = { issuer: "i", id: "agent" };

const requested = (resourceId = "r"): DecodedEvent => ({
  type: "ActionRequested",
  data: create(events.ActionRequestedSchema, {
    resourceId,
    requester: { id: "agent", type: PrincipalType.AGENT, owner: { id: "olga" }, chain: [{ id: "carl" }] },
  }),
});
const verdict = (outcome: VerdictOutcome): DecodedEvent => ({
  type: "VerdictReached",
  data: create(events.VerdictReachedSchema, {
    verdict: {
      outcome,
      stages: [{ quorum: { rule: { case: "atLeast", value: { count: 2, of: [{ who: { case: "group", value: "owners" } }] } } } }],
    },
    digest: DIGEST,
  }),
});
const opened: DecodedEvent = { type: "ReviewOpened", data: create(events.ReviewOpenedSchema) };
const vote = (id: string, digest = DIGEST, group = "owners", type: PrincipalType = PrincipalType.HUMAN): DecodedEvent => ({
  type: "VoteCast",
  data: create(events.VoteCastSchema, {
    reviewer: { id, type },
    standing: { person: id, groups: [group] },
    decision: VoteDecision.APPROVE,
    digest,
  }),
});
const editedBy = (id: string): DecodedEvent => ({ type: "ActionEdited", data: create(events.ActionEditedSchema, { editor: { id } }) });
const glassBrokenBy = (id: string): DecodedEvent => ({
  type: "BreakGlassUsed",
  data: create(events.BreakGlassUsedSchema, { reviewer: { id, type: PrincipalType.HUMAN }, digest: DIGEST }),
});
const asked = (number: number, id = "ann", type: PrincipalType = PrincipalType.HUMAN): DecodedEvent => ({
  type: "CommentAdded",
  data: create(events.CommentAddedSchema, { number, kind: CommentKind.QUESTION, author: { id, type }, standing: { person: id } }),
});
const answered = (number: number, question: number, author = "agent"): DecodedEvent => ({
  type: "CommentAdded",
  data: create(events.CommentAddedSchema, { number, kind: CommentKind.ANSWER, author: { id: author }, question }),
});
const claimedBy = (id: string, type: PrincipalType = PrincipalType.HUMAN): DecodedEvent => ({
  type: "ReviewClaimed",
  data: create(events.ReviewClaimedSchema, { reviewer: { id, type }, expireTime: { seconds: 1000n } }),
});
const releasedBy = (id: string): DecodedEvent => ({
  type: "ClaimReleased",
  data: create(events.ClaimReleasedSchema, { reviewer: { id } }),
});
const granted = (grantId = "g"): DecodedEvent => ({
  type: "GrantIssued",
  data: create(events.GrantIssuedSchema, { grantId, principal: GRANTEE, digest: DIGEST, expireTime: { seconds: 1000n } }),
});
const redeemed = (grantId = "g", principal = GRANTEE): DecodedEvent => ({
  type: "GrantRedeemed",
  data: create(events.GrantRedeemedSchema, { grantId, principal }),
});
const reported: DecodedEvent = {
  type: "ExecutionReported",
  data: create(events.ExecutionReportedSchema, { outcome: ExecutionOutcome.SUCCEEDED }),
};

function ledgerOf(streams: Readonly<Record<string, readonly DecodedEvent[]>>, seconds = 1): readonly Fact[] {
  const facts = Object.entries(streams).flatMap(([id, payloads]) =>
    payloads.map((payload, index) => ({ id, payload, version: index + 1 })),
  );
  return facts.map(({ id, payload, version }, position) => ({
    payload,
    event: {
      ledger: "main",
      position,
      stream: { tenant: "acme", type: "action", id },
      streamVersion: version,
      tenantSequence: position + 1,
      eventId: Uint8Array.of(position),
      type: payload.type,
      schemaVersion: 1,
      time: new Date(seconds * 1000),
      actor: undefined,
      traceparent: "",
      data: new Uint8Array(),
      entry: new Uint8Array(),
      leafHash: new Uint8Array(),
    },
  }));
}

const REVIEW = [requested(), verdict(VerdictOutcome.REVIEW), opened];
const END = [granted(), redeemed(), reported];
const VOTED = [vote("ann"), vote("bob"), ...END];
const REVIEWED = [...REVIEW, ...VOTED];
const ALLOWED = [requested(), verdict(VerdictOutcome.ALLOW), ...END];

describe("the checker of a ledger", () => {
  it("finds nothing in what is right", () => {
    expect(brokenLaws(ledgerOf({ a: REVIEWED }))).toEqual([]);
    expect(brokenLaws(ledgerOf({ a: ALLOWED }))).toEqual([]);
    expect(brokenLaws(ledgerOf({ a: [requested(), verdict(VerdictOutcome.DENY)] }))).toEqual([]);
    const talk = [
      claimedBy("ann"),
      asked(1),
      answered(2, 1),
      releasedBy("ann"),
      claimedBy("bob"),
      vote("bob"),
      claimedBy("ann"),
      vote("ann"),
    ];
    expect(brokenLaws(ledgerOf({ a: [...REVIEW, ...talk, ...END] }))).toEqual([]);
    const again = [verdict(VerdictOutcome.REVIEW), opened, vote("bob"), vote("cora"), ...END];
    expect(brokenLaws(ledgerOf({ a: [...REVIEW, vote("bob"), editedBy("ann"), ...again] }))).toEqual([]);
  });

  it.each<[string, Readonly<Record<string, readonly DecodedEvent[]>>, string]>([
    ["a grant with one vote of two", { a: [...REVIEW, vote("ann"), ...END] }, "nobody decided on"],
    ["a quorum of one person", { a: [...REVIEW, vote("ann"), vote("ann"), ...END] }, "nobody decided on"],
    ["a vote for another digest", { a: [...REVIEW, vote("ann"), vote("bob", OTHER), ...END] }, "nobody decided on"],
    ["a vote from outside", { a: [...REVIEW, vote("ann"), vote("bob", DIGEST, "guests"), ...END] }, "nobody decided on"],
    ["a grant without a verdict", { a: [requested(), ...END] }, "nobody decided on"],
    ["a grant after a denial", { a: [requested(), verdict(VerdictOutcome.DENY), ...END] }, "moved after DENIED"],
    ["a vote counted twice", { a: [...REVIEW, vote("ann"), vote("ann"), vote("bob"), ...END] }, "counted a vote twice"],
    ["a requester who votes", { a: [...REVIEW, vote("agent"), vote("bob"), ...END] }, "agent decide, who caused it"],
    ["an owner who votes", { a: [...REVIEW, vote("olga"), vote("bob"), ...END] }, "olga decide, who caused it"],
    ["somebody on the chain who votes", { a: [...REVIEW, vote("carl"), vote("bob"), ...END] }, "carl decide, who caused it"],
    ["an editor who votes", { a: [...REVIEW, editedBy("ann"), ...REVIEWED.slice(1)] }, "ann decide, who caused it"],
    [
      "an agent that votes",
      { a: [...REVIEW, vote("ann"), vote("bot", DIGEST, "owners", PrincipalType.AGENT), ...END] },
      "#bot, who is no human",
    ],
    ["a glass broken without leave", { a: [...REVIEW, glassBrokenBy("ann"), ...END] }, "nobody decided on"],
    ["a second grant", { a: [...ALLOWED.slice(0, 2), granted(), granted("h"), redeemed(), reported] }, "several grants"],
    ["a second redemption", { a: [...ALLOWED.slice(0, 4), redeemed(), reported] }, "GrantRedeemed g is there twice"],
    ["another grant redeemed", { a: [...ALLOWED.slice(0, 3), redeemed("h"), reported] }, "not issued"],
    ["somebody else's redemption", { a: [...ALLOWED.slice(0, 3), redeemed("g", { issuer: "i", id: "eve" }), reported] }, "somebody else"],
    ["a state after the last", { a: [...ALLOWED, reported] }, "moved after SUCCEEDED"],
    ["an action without an end", { a: ALLOWED.slice(0, 4) }, "not come to its end"],
    ["an intent that became two actions", { a: ALLOWED, b: [requested(), verdict(VerdictOutcome.DENY)] }, "intent r is there twice"],
    ["a comment without a number of its own", { a: [...REVIEW, asked(1), asked(1), ...VOTED] }, "a comment 1 after 1"],
    ["a comment that is lost", { a: [...REVIEW, asked(2), ...VOTED] }, "a comment 2 after 0"],
    ["an agent that asks", { a: [...REVIEW, asked(1, "bot", PrincipalType.AGENT), ...VOTED] }, "#bot for a reviewer, who is no human"],
    ["an answer to nothing", { a: [...REVIEW, answered(1, 1), ...VOTED] }, "answered 1, which is no question"],
    ["a second answer", { a: [...REVIEW, asked(1), answered(2, 1), answered(3, 1), ...VOTED] }, "answered 1 twice"],
    ["a stranger's answer", { a: [...REVIEW, asked(1), answered(2, 1, "eve"), ...VOTED] }, "#eve, who has no part in it"],
    ["a comment afterwards", { a: [...REVIEW, ...VOTED, asked(1)] }, "moved after SUCCEEDED"],
    ["a comment before the review", { a: [requested(), asked(1), ...REVIEW.slice(1), ...VOTED] }, "CommentAdded while it was REQUESTED"],
    ["two claims at a time", { a: [...REVIEW, claimedBy("ann"), claimedBy("bob"), ...VOTED] }, "#bob claim what #ann had claimed"],
    ["a claim of an agent", { a: [...REVIEW, claimedBy("bot", PrincipalType.AGENT), ...VOTED] }, "#bot claim it, who is no human"],
    ["a claim of who caused it", { a: [...REVIEW, claimedBy("olga"), ...VOTED] }, "#olga claim it, who caused it"],
    ["a release of another's claim", { a: [...REVIEW, claimedBy("ann"), releasedBy("bob"), ...VOTED] }, "a claim of #bob, who had none"],
    [
      "too many claims",
      { a: [...REVIEW, ...[1, 2, 3, 4].flatMap(() => [claimedBy("ann"), releasedBy("ann")]), ...VOTED] },
      "#ann claim it too often",
    ],
  ])("finds %s", (_what, streams, problem) => {
    expect(brokenLaws(ledgerOf(streams)).join("\n")).toContain(problem);
  });

  it("finds a late redemption, a gap and a wrong order", () => {
    expect(brokenLaws(ledgerOf({ a: ALLOWED }, 1001)).join()).toContain("had expired");
    expect(brokenLaws(ledgerOf({ a: ALLOWED }).toSpliced(1, 1)).join()).toContain("position 2 stands at 1");
    expect(brokenLaws(ledgerOf({ a: ALLOWED }).toReversed()).join()).toContain("has version 5 where 1 belongs");
  });
});

describe("the checker of acknowledgements", () => {
  const told = (step: Acknowledgement["step"], version: number, status: string, more: Partial<Acknowledgement> = {}): Acknowledgement => ({
    step,
    version,
    status,
    intent: "r",
    client: "agent",
    actionId: "a",
    place: undefined,
    ...more,
  });
  const ledger = ledgerOf({ a: REVIEWED });

  it("finds nothing where the log says the same", () => {
    const right = [
      told("requested", 3, "IN_REVIEW"),
      told("voted", 4, "IN_REVIEW", { client: "ann" }),
      told("decided", 6, "APPROVED"),
      told("redeemed", 7, "REDEEMED", { place: 6 }),
      told("reported", 8, "SUCCEEDED"),
    ];
    expect(lostPromises(ledger, right)).toEqual([]);
    const talked = ledgerOf({ a: [...REVIEW, asked(1), claimedBy("ann"), ...VOTED] });
    const question = told("commented", 4, "IN_REVIEW", { client: "ann question", place: 1 });
    expect(lostPromises(talked, [question, question, told("claimed", 5, "IN_REVIEW", { client: "ann" })])).toEqual([]);
  });

  it.each<[string, readonly Acknowledgement[], string]>([
    ["a lost action", [told("requested", 3, "IN_REVIEW", { actionId: "b" })], "is not in the log"],
    ["a lost version", [told("decided", 9, "SUCCEEDED")], "version 9 is not in the log"],
    ["another status", [told("decided", 6, "REJECTED")], "was REJECTED, the log says APPROVED"],
    ["a lost vote", [told("voted", 5, "IN_REVIEW", { client: "eve" })], "no such vote"],
    ["a receipt for another place", [told("redeemed", 7, "REDEEMED", { place: 5 })], "no redemption at 5"],
    ["a lost report", [told("reported", 7, "REDEEMED")], "no such report"],
    [
      "a lost comment",
      [told("commented", 4, "IN_REVIEW", { client: "ann question", place: 1 })],
      "comment 1 is not in the log at version 4",
    ],
    ["a lost claim", [told("claimed", 4, "IN_REVIEW", { client: "ann" })], "no such claim"],
    [
      "two comments for one key",
      [1, 2].map((place) => told("commented", 4, "IN_REVIEW", { client: "ann question", place })),
      "commented twice: as number 1 and as number 2",
    ],
    ["another action", [told("requested", 3, "IN_REVIEW", { intent: "s" })], "the log has r there"],
    [
      "two actions for one key",
      [told("requested", 1, "REQUESTED"), told("requested", 1, "REQUESTED", { actionId: "b" })],
      "requested twice",
    ],
    ["two winners", ["x", "y"].map((client) => told("redeemed", 7, "REDEEMED", { place: 6, client })), "redeemed twice: x and y"],
  ])("finds %s", (_what, acknowledged, problem) => {
    expect(lostPromises(ledger, acknowledged).join("\n")).toContain(problem);
  });
});
