import { create } from "@bufbuild/protobuf";
import type { DecodedEvent } from "@countersign/events";
import * as events from "@countersign/proto/event/v1/action_events_pb";
import * as policies from "@countersign/proto/event/v1/policy_events_pb";
import { PrincipalType } from "@countersign/proto/v1/principal_pb";
import { CommentKind, ExecutionOutcome, VerdictOutcome, VoteDecision } from "@countersign/proto/v1/action_pb";
import { describe, expect, it } from "vitest";
import type { Acknowledgement } from "../history.ts";
import { factOf } from "./fact-of.ts";
import { brokenLaws } from "./laws.ts";
import { lostPromises } from "./lost.ts";
import type { Fact } from "./read-back.ts";

const DIGEST = new Uint8Array(32).fill(1);
const OTHER = new Uint8Array(32).fill(2);
const DOCUMENT = new Uint8Array(32).fill(3);
const TOKEN = new Uint8Array(32).fill(4);
const GRANTEE = { issuer: "i", id: "agent" };

const activated = (revision: bigint, documentDigest = DOCUMENT): readonly DecodedEvent[] => [
  { type: "PolicyPublished", data: create(policies.PolicyPublishedSchema, { revision, documentDigest }) },
  { type: "PolicyActivated", data: create(policies.PolicyActivatedSchema, { revision }) },
];
/** In force from the first second on. */
const POLICY = activated(1n);

const requested = (resourceId = "r"): DecodedEvent => ({
  type: "ActionRequested",
  data: create(events.ActionRequestedSchema, {
    resourceId,
    requester: { id: "agent", type: PrincipalType.AGENT, owner: { id: "olga" }, chain: [{ id: "carl" }] },
  }),
});
const verdict = (outcome: VerdictOutcome, { revision = 1n, document = DOCUMENT, glassOf = "" } = {}): DecodedEvent => ({
  type: "VerdictReached",
  data: create(events.VerdictReachedSchema, {
    verdict: {
      outcome,
      revision,
      terms: glassOf === "" ? {} : { breakGlass: { groups: [glassOf] } },
      stages: [{ quorum: { rule: { case: "atLeast", value: { count: 2, of: [{ who: { case: "group", value: "owners" } }] } } } }],
    },
    policyDigest: document,
    digest: DIGEST,
  }),
});
const opened: DecodedEvent = { type: "ReviewOpened", data: create(events.ReviewOpenedSchema) };
const vote = (
  id: string,
  digest = DIGEST,
  group = "owners",
  { type = PrincipalType.HUMAN, also = id, decision = VoteDecision.APPROVE }: Partial<Voter> = {},
): DecodedEvent => ({
  type: "VoteCast",
  data: create(events.VoteCastSchema, {
    reviewer: { id, type },
    standing: { person: id, groups: [group], principals: [{ id }, { id: also }] },
    decision,
    digest,
  }),
});
/** `also`: another account of the same human. */
type Voter = { readonly type: PrincipalType; readonly also: string; readonly decision: VoteDecision };
const lapsed = (id: string): DecodedEvent => ({ type: "VoteLapsed", data: create(events.VoteLapsedSchema, { reviewer: { id } }) });
const editedBy = (id: string, also = id): DecodedEvent => ({
  type: "ActionEdited",
  data: create(events.ActionEditedSchema, { editor: { id }, standing: { principals: [{ id: also }] } }),
});
const glassBrokenBy = (id: string, group = "security"): DecodedEvent => ({
  type: "BreakGlassUsed",
  data: create(events.BreakGlassUsedSchema, { reviewer: { id, type: PrincipalType.HUMAN }, digest: DIGEST, standing: { groups: [group] } }),
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
  data: create(events.GrantIssuedSchema, {
    grantId,
    principal: GRANTEE,
    digest: DIGEST,
    expireTime: { seconds: 1000n },
    tokenDigest: TOKEN,
  }),
});
const redeemed = (grantId = "g", principal = GRANTEE): DecodedEvent => ({
  type: "GrantRedeemed",
  data: create(events.GrantRedeemedSchema, { grantId, principal }),
});
const revoked: DecodedEvent = { type: "GrantRevoked", data: create(events.GrantRevokedSchema) };
const reported: DecodedEvent = {
  type: "ExecutionReported",
  data: create(events.ExecutionReportedSchema, { outcome: ExecutionOutcome.SUCCEEDED }),
};

/** The policy first, unless it is named. */
function ledgerOf(streams: Readonly<Record<string, readonly DecodedEvent[]>>, seconds = 1): readonly Fact[] {
  const facts = Object.entries({ [POLICIES]: POLICY, ...streams }).flatMap(([id, payloads]) =>
    payloads.map((payload, index) => ({ id, payload, version: index + 1 })),
  );
  return facts.map(({ id, payload, version }, position) => factOf(payload, { position, id, version, seconds }));
}

const POLICIES = "policies";
const REVIEW = [requested(), verdict(VerdictOutcome.REVIEW), opened];
const END = [granted(), redeemed(), reported];
const NO = { decision: VoteDecision.REJECT };
const ALSO_ANN = { also: "ann" };
const ALSO_OLGA = { also: "olga" };
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
    expect(brokenLaws(ledgerOf({ a: [...REVIEW, vote("ann"), lapsed("ann"), vote("ann", DIGEST), vote("bob"), ...END] }))).toEqual([]);
    const takenBack = [granted(), vote("cora", DIGEST, "owners", NO), revoked];
    expect(brokenLaws(ledgerOf({ a: [...REVIEW, vote("ann"), vote("bob"), ...takenBack] }))).toEqual([]);
    const emergency = [requested(), verdict(VerdictOutcome.REVIEW, { glassOf: "security" }), opened, glassBrokenBy("ann"), ...END];
    expect(brokenLaws(ledgerOf({ a: emergency }))).toEqual([]);
    const before = ledgerOf({ a: ALLOWED, [POLICIES]: [...POLICY, ...activated(2n)] });
    expect(brokenLaws(before)).toEqual([]);
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
      { a: [...REVIEW, vote("ann"), vote("bot", DIGEST, "owners", { type: PrincipalType.AGENT }), ...END] },
      "#bot, who is no human",
    ],
    ["a glass broken without leave", { a: [...REVIEW, glassBrokenBy("ann"), ...END] }, "nobody decided on"],
    [
      "a glass broken by somebody else",
      { a: [requested(), verdict(VerdictOutcome.REVIEW, { glassOf: "security" }), opened, glassBrokenBy("ann", "guests"), ...END] },
      "nobody decided on",
    ],
    ["a grant on a vote that has lapsed", { a: [...REVIEW, vote("ann"), vote("bob"), lapsed("ann"), ...END] }, "nobody decided on"],
    ["a grant on a no", { a: [...REVIEW, vote("ann"), vote("bob", DIGEST, "owners", NO), ...END] }, "nobody decided on"],
    [
      "a verdict of a policy that never came into force",
      { a: [requested(), verdict(VerdictOutcome.ALLOW, { revision: 2n }), ...END] },
      "revision 2, which was not in force",
    ],
    [
      "a verdict of no policy at all",
      { a: [requested(), verdict(VerdictOutcome.ALLOW, { revision: 0n }), ...END] },
      "revision 0, which was not in force",
    ],
    [
      "a verdict of another document",
      { a: [requested(), verdict(VerdictOutcome.ALLOW, { document: OTHER }), ...END] },
      "another document than that of revision 1",
    ],
    ["two accounts of one human", { a: [...REVIEW, vote("ann"), vote("bob", DIGEST, "owners", ALSO_ANN), ...END] }, "counted a vote twice"],
    [
      "an owner who votes by another account",
      { a: [...REVIEW, vote("ann", DIGEST, "owners", ALSO_OLGA), vote("bob"), ...END] },
      "ann decide",
    ],
    [
      "an editor who votes by another account",
      { a: [...REVIEW, editedBy("ann", "anna"), ...REVIEW.slice(1), vote("anna"), vote("bob"), ...END] },
      "anna decide",
    ],
    [
      "a vote after the decision",
      { a: [...REVIEW, vote("ann"), vote("bob"), granted(), vote("cora"), redeemed(), reported] },
      "VoteCast while it was APPROVED",
    ],
    [
      "a redemption before the grant",
      { a: [...ALLOWED.slice(0, 2), redeemed(), granted(), reported] },
      "GrantRedeemed while it was REQUESTED",
    ],
    ["a report of what was not redeemed", { a: [...ALLOWED.slice(0, 3), reported] }, "ExecutionReported while it was APPROVED"],
    ["a redemption by a namesake", { a: [...ALLOWED.slice(0, 3), redeemed("g", { issuer: "j", id: "agent" }), reported] }, "somebody else"],
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
    expect(brokenLaws(ledgerOf({ a: ALLOWED }).toSpliced(3, 1)).join()).toContain("position 4 stands at 3");
    expect(brokenLaws(ledgerOf({ a: ALLOWED }).toReversed()).join()).toContain("has version 5 where 1 belongs");
  });
});

describe("the checker of policies", () => {
  it("P1: takes a verdict that was under way when another policy came into force, and none that is older", () => {
    const replaced = (seconds: number): readonly Fact[] => {
      const policy = ledgerOf({ [POLICIES]: [...POLICY, ...activated(2n)] });
      const rest = ledgerOf({ a: ALLOWED }, seconds).slice(POLICY.length);
      return [...policy, ...rest].map(({ event, payload }, position) => ({ payload, event: { ...event, position } }));
    };
    expect(brokenLaws(replaced(2)).join()).not.toContain("in force");
    expect(brokenLaws(replaced(60)).join()).toContain("revision 1, which was not in force");
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
    tokenDigest: undefined,
    ...more,
  });
  const ledger = ledgerOf({ a: REVIEWED });
  const tokenDigest = Buffer.from(TOKEN).toString("hex");

  it("finds nothing where the log says the same", () => {
    const right = [
      told("requested", 3, "IN_REVIEW"),
      told("approved", 4, "IN_REVIEW", { client: "ann" }),
      told("watched", 5, "IN_REVIEW"),
      told("decided", 6, "APPROVED", { tokenDigest }),
      told("redeemed", 7, "REDEEMED", { place: 8 }),
      told("reported", 8, "SUCCEEDED"),
    ];
    expect(lostPromises(ledger, right)).toEqual([]);
    const talked = ledgerOf({ a: [...REVIEW, asked(1), claimedBy("ann"), ...VOTED] });
    const question = told("commented", 4, "IN_REVIEW", { client: "ann question", place: 1 });
    expect(lostPromises(talked, [question, question, told("claimed", 5, "IN_REVIEW", { client: "ann" })])).toEqual([]);
    const edited = ledgerOf({ a: [...REVIEW, editedBy("ann"), { type: "EditAccepted", data: create(events.EditAcceptedSchema) }] });
    const right2 = [told("edited", 4, "EDITED", { client: "ann" }), told("accepted", 5, "EDITED")];
    expect(lostPromises(edited, right2)).toEqual([]);
    const emergency = ledgerOf({
      a: [...REVIEW, glassBrokenBy("ann"), granted(), revoked],
    });
    const right3 = [told("broke the glass", 5, "APPROVED", { client: "ann" }), told("cancelled", 6, "REVOKED")];
    expect(lostPromises(emergency, right3)).toEqual([]);
  });

  it.each<[string, readonly Acknowledgement[], string]>([
    ["a lost action", [told("requested", 3, "IN_REVIEW", { actionId: "b" })], "is not in the log"],
    ["a lost version", [told("decided", 9, "SUCCEEDED")], "version 9 is not in the log"],
    ["another status", [told("decided", 6, "REJECTED")], "was REJECTED, the log says APPROVED"],
    ["a lost vote", [told("approved", 5, "IN_REVIEW", { client: "eve" })], "no such vote"],
    ["a no that became a yes", [told("rejected", 5, "IN_REVIEW", { client: "ann" })], "no such vote"],
    ["a lost emergency", [told("broke the glass", 6, "APPROVED", { client: "ann" })], "no such emergency"],
    ["a lost edit", [told("edited", 5, "IN_REVIEW", { client: "ann" })], "no such edit"],
    ["a lost acceptance", [told("accepted", 5, "IN_REVIEW")], "no edit was accepted"],
    ["a lost withdrawal", [told("cancelled", 6, "APPROVED")], "nobody took it back"],
    ["a watch that told what never was", [told("watched", 5, "EDITED")], "was EDITED, the log says IN_REVIEW"],
    ["a token of no grant", [told("decided", 6, "APPROVED", { tokenDigest: "00" })], "its token is of no grant"],
    ["a token before its grant", [told("decided", 5, "IN_REVIEW", { tokenDigest })], "its token is of no grant"],
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
    ["two winners", ["x", "y"].map((client) => told("redeemed", 7, "REDEEMED", { place: 8, client })), "redeemed twice: x and y"],
  ])("finds %s", (_what, acknowledged, problem) => {
    expect(lostPromises(ledger, acknowledged).join("\n")).toContain(problem);
  });
});
