import { describe, expect, it } from "vitest";
import {
  acceptEdit,
  ann,
  approveBy,
  bob,
  cid,
  dan,
  editBy,
  exporter,
  inReview,
  MINUTE,
  principal,
  redeemed,
  ref,
  sponsor,
  stage,
  standing,
  T0,
  verdict,
} from "../testing/fixtures.ts";
import { given, stateAfter } from "../testing/given.ts";
import type { ClaimReview, ReleaseReview } from "./commands.ts";
import type { ActionEvent } from "./events.ts";
import type { Principal } from "./principal.ts";
import { claimAt } from "./state.ts";

const claims = (reviewer: Principal, at = T0 + MINUTE): ClaimReview => ({
  type: "ClaimReview",
  at,
  reviewer,
  standings: [standing(reviewer)],
});
const releases = (reviewer: Principal, at = T0 + 2 * MINUTE): ReleaseReview => ({ type: "ReleaseReview", at, reviewer });
const claimed = (reviewer: Principal, at = T0 + MINUTE): ActionEvent => ({
  type: "ReviewClaimed",
  at,
  reviewer,
  standing: standing(reviewer),
  expiresAt: at + 30 * MINUTE,
});
const released = (reviewer: Principal): ActionEvent => ({ type: "ClaimReleased", at: T0 + 2 * MINUTE, reviewer: ref(reviewer.id) });

const two = inReview(verdict("review", { stages: [stage(["oncall"], 2, { seconds: 7200, reminderSeconds: [600, 2400] })] }));
const byAnn = [...two, claimed(ann)];

function holder(history: readonly ActionEvent[], at: number): string | undefined {
  const state = stateAfter(history);
  return "review" in state && state.review !== undefined ? claimAt(state.review, at)?.reviewer.id : undefined;
}

describe("a claim on a review", () => {
  it("is one reviewer's for 30 minutes, and lapses by time alone", () => {
    given(...two)
      .when(claims(ann))
      .then(claimed(ann));
    given(...byAnn)
      .when(claims(ann, T0 + 2 * MINUTE))
      .thenNothing();
    given(...byAnn)
      .when(claims(bob, T0 + 30 * MINUTE))
      .thenRefused("ALREADY_CLAIMED");
    expect([T0 + 30 * MINUTE, T0 + 31 * MINUTE].map((at) => holder(byAnn, at))).toEqual(["ann", undefined]);
    given(...byAnn)
      .when(claims(bob, T0 + 31 * MINUTE))
      .then(claimed(bob, T0 + 31 * MINUTE));
  });

  it("P1: keeps nobody from deciding", () => {
    const votes = given(...byAnn)
      .when(approveBy(bob))
      .events();
    const approved = given(...votes)
      .when(approveBy(dan))
      .events();
    expect(approved.at(-1)?.type).toBe("GrantIssued");
  });

  it("is released by whoever has it, and by nobody else", () => {
    given(...byAnn)
      .when(releases(ann))
      .then(released(ann));
    given(...byAnn)
      .when(releases(bob))
      .thenRefused("ALREADY_CLAIMED");
    given(...two)
      .when(releases(bob))
      .thenNothing();
    given(...byAnn)
      .when(releases(ann, T0 + 31 * MINUTE))
      .thenNothing();
    given(...byAnn, released(ann))
      .when(claims(bob, T0 + 3 * MINUTE))
      .then(claimed(bob, T0 + 3 * MINUTE));
  });

  it("ends with the vote of whoever has it, with an edit, and with the stage", () => {
    const after = (history: readonly ActionEvent[]) => holder(history, T0 + 5 * MINUTE);
    const vote = (reviewer: Principal) =>
      given(...byAnn)
        .when(approveBy(reviewer))
        .events();
    expect([after(vote(ann)), after(vote(bob))]).toEqual([undefined, "ann"]);
    const edited = given(...byAnn)
      .when(editBy(bob, verdict("review")))
      .events();
    const accepted = given(...edited)
      .when(acceptEdit())
      .events();
    expect([after(edited), after(accepted)]).toEqual([undefined, undefined]);
    const stages = inReview(verdict("review", { stages: [stage(["oncall"]), stage(["managers"])] }));
    const next = given(...stages, claimed(ann))
      .when(approveBy(bob))
      .events();
    expect([next.at(-1)?.type, after(next)]).toEqual(["StageOpened", undefined]);
  });

  it("only its holder is reminded while it lasts, and the reminders that come later are everybody's", () => {
    const tend = (minutes: number) => ({ type: "TendReview", at: T0 + minutes * MINUTE }) as const;
    const first = given(...byAnn)
      .when(tend(10))
      .events();
    expect(first.at(-1)).toMatchObject({ type: "ReviewerReminded", number: 1, claimedBy: ref("ann") });
    const second = given(...first)
      .when(tend(40))
      .events();
    expect(second.at(-1)).toMatchObject({ type: "ReviewerReminded", number: 2, claimedBy: undefined });
  });

  it.each<[string, Principal, string]>([
    ["who is not asked", cid, "NOT_ELIGIBLE"],
    ["who caused the request", sponsor, "SELF_APPROVAL"],
    ["the agent that asked", exporter, "NOT_HUMAN"],
    ["an agent that holds a reviewer's token", principal("bot", { type: "agent", groups: ["oncall"] }), "NOT_HUMAN"],
    ["an agent through which a reviewer speaks", { ...ann, chain: [ref("bot")] }, "NOT_HUMAN"],
  ])("P3: refused: %s", (_who, reviewer, code) => {
    given(...two)
      .when(claims(reviewer))
      .thenRefused(code as "NOT_ELIGIBLE");
  });

  it("refused: who has voted already, what is over, and the fourth time", () => {
    const voted = given(...two)
      .when(approveBy(ann))
      .events();
    given(...voted)
      .when(claims(ann, T0 + 5 * MINUTE))
      .thenRefused("ALREADY_VOTED");
    given(...two)
      .when(claims(ann, T0 + 120 * MINUTE))
      .thenRefused("DEADLINE_PASSED");
    given(...redeemed)
      .when(claims(ann))
      .thenRefused("WRONG_STATE");
    const thrice = [claimed(ann), released(ann), claimed(ann), released(ann), claimed(ann), released(ann)];
    given(...two, ...thrice)
      .when(claims(ann, T0 + 5 * MINUTE))
      .thenRefused("CLAIM_LIMIT");
    given(...two, ...thrice)
      .when(claims(bob, T0 + 5 * MINUTE))
      .then(claimed(bob, T0 + 5 * MINUTE));
  });

  it("P3: is one human's, whatever account it uses: it holds it once, releases it, votes, and has three", () => {
    const [ann1, ann2] = ["ann", "ann-in-chat"].map((id) => principal(id, { groups: ["oncall"] }));
    if (ann1 === undefined || ann2 === undefined) throw new Error("there are two");
    const known = { person: "p1", principals: [ref("ann"), ref("ann-in-chat")] };
    const as = (reviewer: Principal) => ({ standings: [standing(reviewer, known)] });
    const byOne = given(...two)
      .when({ ...claims(ann1), ...as(ann1) })
      .events();
    given(...byOne)
      .when({ ...claims(ann2, T0 + 2 * MINUTE), ...as(ann2) })
      .thenNothing();
    const releasedByOther = given(...byOne)
      .when(releases(ann2))
      .events();
    expect(releasedByOther.at(-1)).toMatchObject({ type: "ClaimReleased", reviewer: ref("ann-in-chat") });
    const voted = given(...byOne)
      .when(approveBy(ann2, as(ann2)))
      .events();
    expect([holder(byOne, T0 + 5 * MINUTE), holder(voted, T0 + 5 * MINUTE)]).toEqual(["ann", undefined]);
    given(...releasedByOther, ...byOne.slice(-1), ...releasedByOther.slice(-1), ...byOne.slice(-1), ...releasedByOther.slice(-1))
      .when({ ...claims(ann2, T0 + 5 * MINUTE), ...as(ann2) })
      .thenRefused("CLAIM_LIMIT");
  });

  it("does not depend on how somebody signed in: it decides nothing", () => {
    const strong = inReview(verdict("review", { stages: [stage(["oncall"], 1, { leastSignIn: "mfa" })] }));
    expect(
      given(...strong)
        .when(claims({ ...ann, signIn: "chat" }))
        .events(),
    ).toHaveLength(4);
  });
});
