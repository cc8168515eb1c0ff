import { describe, expect, it } from "vitest";
import {
  ann,
  approveBy,
  approved,
  bob,
  cast,
  cid,
  dan,
  DIGEST,
  editBy,
  EDITED_DIGEST,
  editedBy,
  HOUR,
  inReview,
  later,
  owner,
  principal,
  ref,
  rejectBy,
  sponsor,
  stage,
  standing,
  TERMS,
  twoOnCall,
  verdict,
  voterNow,
} from "../testing/fixtures.ts";
import { given, stateAfter } from "../testing/given.ts";
import type { Quorum, Selector, Stage } from "./stage.ts";
import type { Standing } from "./standing.ts";
import type { Verdict } from "./values.ts";

const review = (...stages: readonly Stage[]): Verdict => verdict("review", { stages });
const oncall = (more: Partial<Stage> = {}): Verdict => review(stage(["oncall"], 1, more));
const asked = (...of: readonly Selector[]): Verdict => review(stage([], 1, { quorum: { kind: "at_least", count: 1, of } }));
const eve = principal("eve");
const place = (of: string, more: Partial<Standing> = {}): Partial<Standing> => ({
  inPlaceOf: { person: of, principals: [ref(of)], entirely: true },
  ...more,
});

describe("P3: one human, however many accounts", () => {
  it.each<[string, Standing]>([
    ["the owner's other account", standing(eve, { person: "p1", principals: [ref("eve"), ref("owner")], groups: ["oncall"] })],
    ["the requester's other account", standing(eve, { principals: [ref("eve"), ref("exporter")], groups: ["oncall"] })],
    ["the sponsor's other account", standing(eve, { principals: [ref("eve"), ref("sponsor")], groups: ["oncall"] })],
    ["a stand-in for the owner", standing(eve, { groups: ["oncall"], ...place("owner") })],
    ["a stand-in who is the owner", standing(owner, { groups: ["oncall"], ...place("ann") })],
  ])("%s is barred", (_who, as) => {
    given(...inReview())
      .when(approveBy(eve, { standings: [as] }))
      .thenRefused("SELF_APPROVAL");
    given(...inReview())
      .when(rejectBy(eve, { standings: [as] }))
      .thenRefused("SELF_APPROVAL");
  });

  it("an editor's other account is barred from approving the edited form", () => {
    const alias = standing(eve, { principals: [ref("eve"), ref("bob")], groups: ["oncall"] });
    const edited = editedBy(inReview(), editBy(bob, verdict("review")));
    given(...edited)
      .when(approveBy(eve, { standings: [alias], digest: EDITED_DIGEST, version: 7 }))
      .thenRefused("SELF_APPROVAL");
  });

  it("a second account of a voter does not count again", () => {
    const first = given(...inReview(twoOnCall))
      .when(approveBy(ann, { standings: [standing(ann, { person: "p1" })] }))
      .events();
    const alias = standing(eve, { person: "p1", principals: [ref("eve"), ref("ann")], groups: ["oncall"] });
    given(...first)
      .when(approveBy(eve, { standings: [alias] }))
      .thenRefused("ALREADY_VOTED");
  });

  it("a stand-in and the one stood in for are one vote, in either order", () => {
    const standIn = standing(eve, { groups: ["oncall"], ...place("bob"), person: "eve" });
    const byStandIn = given(...inReview(twoOnCall))
      .when(approveBy(eve, { standings: [standIn] }))
      .events();
    given(...byStandIn)
      .when(approveBy(bob, { standings: [standing(bob, { person: "bob" })] }))
      .thenRefused("ALREADY_VOTED");
    const byBob = given(...inReview(twoOnCall))
      .when(approveBy(bob, { standings: [standing(bob, { person: "bob" })] }))
      .events();
    given(...byBob)
      .when(approveBy(eve, { standings: [standIn] }))
      .thenRefused("ALREADY_VOTED");
  });

  it("speaks in its own name when that will do, else in another's place", () => {
    const inPlace = standing(eve, { groups: ["oncall"], ...place("bob") });
    const own = standing(eve, { groups: ["oncall"] });
    const vote = approveBy(eve, { standings: [own, inPlace] });
    given(...inReview())
      .when(vote)
      .then(cast(vote, 0, own), ...approved(later));
    const only = approveBy(eve, { standings: [standing(eve), inPlace] });
    given(...inReview())
      .when(only)
      .then(cast(only, 0, inPlace), ...approved(later));
  });

  it("P7: whom the directory does not know is nobody", () => {
    given(...inReview())
      .when(approveBy(ann, { standings: [] }))
      .thenRefused("NOT_ELIGIBLE");
  });

  it("a voter of an earlier stage is told that it has voted, not that it may", () => {
    const staged = review(stage(["oncall"]), stage(["managers"]));
    const first = given(...inReview(staged))
      .when(approveBy(bob))
      .events();
    const alias = standing(cid, { principals: [ref("bob"), ref("cid")] });
    given(...first)
      .when(approveBy(cid, { standings: [alias], version: 5 }))
      .thenRefused("ALREADY_VOTED");
  });
});

describe("who is asked", () => {
  it.each<[string, Selector, Partial<Standing>]>([
    ["a person by id", { kind: "person", id: "0193" }, { person: "0193" }],
    ["a person by principal", { kind: "person", id: "https://id.acme.example#eve" }, {}],
    ["whoever is on call", { kind: "on_call", schedule: "primary" }, { onCall: ["primary"] }],
    ["the requester's manager", { kind: "requester_manager" }, { managesRequester: true }],
    ["a person by its stand-in", { kind: "person", id: "0194" }, place("0194")],
  ])("%s", (_who, selector, known) => {
    const vote = approveBy(eve, { standings: [standing(eve, known)] });
    given(...inReview(asked(selector)))
      .when(vote)
      .then(cast(vote), ...approved(later));
    given(...inReview(asked(selector)))
      .when(approveBy(dan))
      .thenRefused("NOT_ELIGIBLE");
  });

  it("a stand-in for some groups is not the person itself", () => {
    const some = standing(eve, { inPlaceOf: { person: "0194", principals: [], entirely: false } });
    given(...inReview(asked({ kind: "person", id: "0194" })))
      .when(approveBy(eve, { standings: [some] }))
      .thenRefused("NOT_ELIGIBLE");
  });

  it("P3: the owner and the sponsor only where policy says so", () => {
    const owned = verdict("review", { terms: { ...TERMS, ownerMayApprove: true } });
    given(...inReview(owned))
      .when(approveBy(owner))
      .then(cast(approveBy(owner)), ...approved(later));
    given(...inReview(owned))
      .when(approveBy(sponsor))
      .thenRefused("SELF_APPROVAL");
    const confirm = review(stage([], 1, { mode: "confirm" }));
    for (const own of [owner, sponsor])
      given(...inReview(confirm))
        .when(approveBy(own))
        .then(cast(approveBy(own)), ...approved(later));
    given(...inReview(confirm))
      .when(approveBy(ann))
      .thenRefused("NOT_ELIGIBLE");
    given(...inReview(confirm))
      .when(approveBy(principal("exporter")))
      .thenRefused("SELF_APPROVAL");
  });

  it("whoever stands in for the human behind the request confirms only when it does so in everything", () => {
    const confirm = review(stage([], 1, { mode: "confirm" }));
    const standIn = (entirely: boolean) => [standing(eve, { inPlaceOf: { person: "sponsor", principals: [ref("sponsor")], entirely } })];
    given(...inReview(confirm))
      .when(approveBy(eve, { standings: standIn(false) }))
      .thenRefused("NOT_ELIGIBLE");
    const vote = approveBy(eve, { standings: standIn(true), voters: [] });
    given(...inReview(confirm))
      .when(vote)
      .then(cast(vote), ...approved(later));
  });

  it("whoever signed in strongly enough, with a reason where one is asked for", () => {
    const strict = oncall({ leastSignIn: "mfa", approveNeedsReason: true });
    given(...inReview(strict))
      .when(approveBy(ann))
      .thenRefused("SIGN_IN_TOO_WEAK");
    const strong = { ...ann, signIn: "mfa" as const };
    given(...inReview(strict))
      .when(approveBy(strong))
      .thenRefused("REASON_REQUIRED");
    const reasoned = approveBy(strong, { reason: "ab".repeat(32) });
    given(...inReview(strict))
      .when(reasoned)
      .then(cast(reasoned), ...approved(later));
  });
});

describe("P3: eligible at the vote, and again when the quorum is reached", () => {
  const byAnn = given(...inReview(twoOnCall))
    .when(approveBy(ann))
    .events();

  it("somebody who left the group meanwhile does not count: the vote lapses", () => {
    const vote = approveBy(dan, { voters: [voterNow(ann, standing({ ...ann, groups: [] }))] });
    given(...byAnn)
      .when(vote)
      .then(cast(vote), { type: "VoteLapsed", at: later, reviewer: ref("ann"), digest: DIGEST, cause: "not_eligible" });
    const after = given(...byAnn)
      .when(vote)
      .events();
    expect(stateAfter(after).status).toBe("IN_REVIEW");
    given(...after)
      .when(approveBy(bob))
      .then(cast(approveBy(bob)), ...approved(later));
  });

  it("nor does somebody who is switched off, or turned out to be another voter or the owner", () => {
    const lapse = { type: "VoteLapsed", at: later, reviewer: ref("ann"), digest: DIGEST } as const;
    const gone = approveBy(dan, { voters: [] });
    given(...byAnn)
      .when(gone)
      .then(cast(gone), { ...lapse, cause: "not_eligible" });
    const isOwner = approveBy(dan, { voters: [voterNow(ann, standing(ann, { principals: [ref("ann"), ref("owner")] }))] });
    given(...byAnn)
      .when(isOwner)
      .then(cast(isOwner), { ...lapse, cause: "same_human" });
    const merged = [standing(dan, { person: "p" })];
    const same = approveBy(dan, { standings: merged, voters: [voterNow(ann, standing(ann, { person: "p" }))] });
    given(...byAnn)
      .when(same)
      .then(cast(same), { ...lapse, reviewer: ref("dan"), cause: "same_human" });
  });

  it("a vote counts for the groups that its voter is in now, not for those of then", () => {
    const of = (name: string): Quorum => ({ kind: "at_least", count: 1, of: [{ kind: "group", name }] });
    const both = review(stage([], 1, { quorum: { kind: "all", of: [of("oncall"), of("managers")] } }));
    const byBob = given(...inReview(both))
      .when(approveBy(bob))
      .events();
    // Bob, who was the manager, is now on call only: two people on call are no manager.
    const vote = approveBy(dan, { voters: [voterNow(bob, standing({ ...bob, groups: ["oncall"] }))] });
    given(...byBob)
      .when(vote)
      .then(cast(vote));
    given(...byBob)
      .when(approveBy(dan))
      .then(cast(approveBy(dan)), ...approved(later));
  });

  it("an earlier stage opens again when its votes lapse", () => {
    const staged = review(stage(["oncall"]), stage(["managers"]));
    const first = given(...inReview(staged))
      .when(approveBy(ann))
      .events();
    const second = approveBy(cid, { voters: [] });
    given(...first)
      .when(second)
      .then(
        cast(second, 1),
        { type: "VoteLapsed", at: later, reviewer: ref("ann"), digest: DIGEST, cause: "not_eligible" },
        { type: "StageOpened", at: later, stage: 0, deadline: later + HOUR, nextAt: later + HOUR },
      );
    const reopened = given(...first)
      .when(second)
      .events();
    const third = approveBy(dan, { voters: [voterNow(cid)] });
    given(...reopened)
      .when(third)
      .then(cast(third), ...approved(later));
  });
});
