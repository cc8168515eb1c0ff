import type { DecodedEvent } from "@countersign/events";
import { VerdictOutcome, VoteDecision } from "@countersign/proto/v1/action_pb";
import { PrincipalType } from "@countersign/proto/v1/principal_pb";
import { describe, expect, it } from "vitest";
import { brokenLaws } from "./laws.ts";
import type { Fact } from "./read-back.ts";
import {
  activated,
  ALLOWED,
  answered,
  asked,
  claimedBy,
  DIGEST,
  editedBy,
  END,
  glassBrokenBy,
  granted,
  lapsed,
  ledgerOf,
  opened,
  OTHER,
  POLICIES,
  POLICY,
  redeemed,
  releasedBy,
  reported,
  requested,
  REVIEW,
  REVIEWED,
  revoked,
  verdict,
  vote,
  VOTED,
} from "./sample-ledger.ts";

const NO = { decision: VoteDecision.REJECT };
const ALSO_ANN = { also: "ann" };
const ALSO_OLGA = { also: "olga" };

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
