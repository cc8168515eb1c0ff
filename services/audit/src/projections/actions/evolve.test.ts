import { describe, expect, it } from "vitest";
import { openReview, UNREQUESTED, waitsForPeople, type ActionState } from "./action-state.ts";
import { askOf } from "./ask.ts";
import { evolve } from "./evolve.ts";
import type { ActionFact, StageFact } from "./fact.ts";
import { principalKey } from "./principal-key.ts";
import { asksOf, barredFromDeciding } from "./who-may-decide.ts";

const AGENT = { issuer: "https://idp", id: "deployer", kind: "agent", chain: [] } as const;
const owner = principalKey({ issuer: "https://idp", id: "olga" });
const ann = principalKey({ issuer: "https://idp", id: "ann" });
const ben = principalKey({ issuer: "https://idp", id: "ben" });

const requested: ActionFact = {
  type: "ActionRequested",
  requester: AGENT,
  owner,
  actionName: "db.export",
  resourceType: "db",
  resourceId: "crm",
};
const stageOf = (group: string, quorum: string): StageFact => ({
  groups: [group],
  quorum,
  asks: [askOf.group(group)],
  escalatesTo: [],
  confirms: false,
});
const opened = {
  type: "ReviewOpened",
  stages: [stageOf("dba", "2 of dba"), stageOf("security", "1 of security")],
  deadline: 9000,
} as const;
const ruled = (denied = false): ActionFact => ({ type: "VerdictReached", denied, ownerMayApprove: false });
const vote = (reviewer: string, approves = true) => ({ reviewer, principals: [reviewer], approves, stage: 0 });
const inReview: readonly ActionFact[] = [requested, ruled(), opened];
const approvedByAnn: ActionFact = { type: "VoteCast", ...vote(ann) };

/** Folds facts at positions 10, 11..., versions 1, 2..., times 100, 200... */
const given = (...facts: readonly ActionFact[]): ActionState =>
  facts.reduce<ActionState | undefined>(
    (state, fact, index) => evolve(state, { position: 10 + index, version: index + 1, time: 100 * (index + 1), fact }),
    undefined,
  ) ?? UNREQUESTED;

const asRequested: ActionState = {
  ...UNREQUESTED,
  version: 1,
  requestPosition: 10,
  requestTime: 100,
  updateTime: 100,
  actionName: "db.export",
  resourceType: "db",
  resourceId: "crm",
  requester: AGENT,
  owner,
};

describe("evolve", () => {
  it("takes the request's own words, position and time", () => {
    expect(given(requested)).toEqual(asRequested);
  });

  it("denies with the verdict, and waits for what follows any other verdict", () => {
    expect(given(requested, ruled(true))).toEqual({
      ...asRequested,
      version: 2,
      updateTime: 200,
      status: "DENIED",
    });
    expect(given(requested, ruled())).toEqual({ ...asRequested, version: 2, updateTime: 200 });
  });

  it("opens the first stage of a review", () => {
    const state = given(...inReview);
    expect(state).toEqual({ ...asRequested, version: 3, updateTime: 300, status: "IN_REVIEW", stages: opened.stages, deadline: 9000 });
    expect(openReview(state)).toEqual({ deadline: 9000, groups: ["dba"], quorum: "2 of dba", approvals: 0 });
  });

  it("opens the next stage", () => {
    const state = given(...inReview, approvedByAnn, { type: "StageOpened", stage: 1, deadline: 9000 });
    expect(state.openStage).toBe(1);
    expect(openReview(state)).toEqual({ deadline: 9000, groups: ["security"], quorum: "1 of security", approvals: 0 });
  });

  it("counts approvals of the open stage only", () => {
    const state = given(...inReview, approvedByAnn, { type: "VoteCast", ...vote(ben, false) });
    expect(openReview(state)?.approvals).toBe(1);
  });

  it("P3: asks those who were skipped to look at a break-glass, and nobody who had a part in it", () => {
    const broken = given(...inReview, { type: "BreakGlassUsed", reviewer: [ben] }, { type: "ActionApproved" }, { type: "GrantExpired" });
    expect([broken.status, waitsForPeople(broken), asksOf(broken)]).toEqual(["GRANT_EXPIRED", true, ["group dba", "group security"]]);
    expect(barredFromDeciding(broken)).toEqual([principalKey(AGENT), owner, ben]);
    const closed = evolve(broken, { position: 20, version: 9, time: 900, fact: { type: "AfterReviewClosed" } });
    expect([waitsForPeople(closed), barredFromDeciding(closed)]).toEqual([false, []]);
  });

  it("forgets a vote that lapsed, and nobody else's", () => {
    const state = given(...inReview, approvedByAnn, { type: "VoteCast", ...vote(ben) }, { type: "VoteLapsed", reviewer: ann });
    expect(state.votes).toEqual([vote(ben)]);
  });

  it("starts the quorum over when a review opens again after an edit", () => {
    const state = given(...inReview, approvedByAnn, { type: "ActionEdited", editor: [ben], deadline: 9000 }, opened);
    expect(state.votes).toEqual([]);
    expect(state.editors).toEqual([ben]);
    expect(state.status).toBe("IN_REVIEW");
  });

  it.each<[string, ActionFact]>([
    ["APPROVED", { type: "ActionApproved" }],
    ["REJECTED", { type: "ActionRejected" }],
    ["EXPIRED", { type: "ActionExpired" }],
    ["CANCELLED", { type: "ActionCancelled" }],
    ["REDEEMED", { type: "GrantRedeemed" }],
    ["GRANT_EXPIRED", { type: "GrantExpired" }],
    ["REVOKED", { type: "GrantRevoked" }],
    ["SUCCEEDED", { type: "ExecutionReported", succeeded: true }],
    ["FAILED", { type: "ExecutionReported", succeeded: false }],
    ["UNREPORTED", { type: "ExecutionUnreported" }],
    // Issuing a grant is how an approval is carried out: no status of its own.
    ["REQUESTED", { type: "GrantIssued" }],
  ])("is %s after $type", (status, fact) => {
    expect(given(requested, fact)).toEqual({ ...asRequested, version: 2, updateTime: 200, status });
  });

  it("accepts a past that starts in the middle", () => {
    expect(given({ type: "VoteLapsed", reviewer: ann })).toEqual({
      ...UNREQUESTED,
      version: 1,
      requestPosition: 10,
      requestTime: 100,
      updateTime: 100,
    });
  });
});

describe("P3: who may not decide", () => {
  it("is everybody who caused, edited or already voted, once", () => {
    const edited = { type: "ActionEdited", editor: [ann], deadline: 9000 } as const;
    const state = given(...inReview, edited, { type: "ReviewOpened", stages: [], deadline: 9000 }, approvedByAnn);
    expect(barredFromDeciding(state)).toEqual([principalKey(AGENT), owner, ann]);
  });

  it("tells two principals apart whose issuer and id run together", () => {
    expect(principalKey({ issuer: "a", id: "bc" })).not.toBe(principalKey({ issuer: "ab", id: "c" }));
  });

  it("is not kept once nobody is asked any more", () => {
    expect(barredFromDeciding(given(...inReview, { type: "ActionExpired" }))).toEqual([]);
  });
});
