import { describe, expect, it } from "vitest";
import {
  allowed,
  ann,
  approveBy,
  approved,
  bob,
  cast,
  cid,
  dan,
  EDITED_DIGEST,
  HOUR,
  inReview,
  later,
  owner,
  ref,
  rejectBy,
  requested,
  stage,
  T0,
  twoOnCall,
  verdict,
} from "../testing/fixtures.ts";
import { given, stateAfter } from "../testing/given.ts";

const staged = verdict("review", { stages: [stage(["oncall"]), stage(["managers"])] });

describe("CastVote approve", () => {
  it("P1: issues the grant when the quorum is reached, for the digest that was approved", () => {
    given(...inReview())
      .when(approveBy(ann))
      .then(cast(approveBy(ann)), ...approved(later));
  });

  it("waits for the rest of the quorum", () => {
    given(...inReview(twoOnCall))
      .when(approveBy(ann))
      .then(cast(approveBy(ann)));
    const one = given(...inReview(twoOnCall))
      .when(approveBy(ann))
      .events();
    given(...one)
      .when(approveBy(bob))
      .then(cast(approveBy(bob)), ...approved(later));
  });

  it("runs one stage after another", () => {
    const first = given(...inReview(staged)).when(approveBy(ann));
    first.then(cast(approveBy(ann)), { type: "StageOpened", at: later, stage: 1, deadline: later + HOUR, nextAt: later + HOUR });
    given(...first.events())
      .when(approveBy(cid))
      .then(cast(approveBy(cid), 1), ...approved(later));
    given(...inReview(staged))
      .when(approveBy(cid))
      .thenRefused("NOT_ELIGIBLE");
  });

  it("P3: counts one human once over all stages", () => {
    const first = given(...inReview(staged))
      .when(approveBy(bob))
      .events();
    given(...first)
      .when(approveBy(bob, { version: 5 }))
      .thenNothing();
    expect(stateAfter(first).status).toBe("IN_REVIEW");
  });

  it("stays quiet when the vote is repeated, also when it ended the review", () => {
    given(
      ...given(...inReview(twoOnCall))
        .when(approveBy(ann))
        .events(),
    )
      .when(approveBy(ann))
      .thenNothing();
    given(
      ...given(...inReview())
        .when(approveBy(ann))
        .events(),
    )
      .when(approveBy(ann))
      .thenNothing();
  });

  it("P1: refuses a stale digest and a stale version", () => {
    given(...inReview())
      .when(approveBy(ann, { digest: EDITED_DIGEST }))
      .thenRefused("STALE_DIGEST");
    given(...inReview())
      .when(approveBy(ann, { version: 2 }))
      .thenRefused("STALE_VERSION");
    given(...inReview())
      .when(approveBy(ann, { version: 4 }))
      .thenRefused("STALE_VERSION");
  });

  it("is not made stale by other people's votes", () => {
    given(
      ...given(...inReview(twoOnCall))
        .when(approveBy(ann))
        .events(),
    )
      .when(approveBy(bob, { version: 3 }))
      .then(cast(approveBy(bob)), ...approved(later));
  });

  it("refuses from the deadline on, also when no timer has fired", () => {
    given(...inReview())
      .when(approveBy(ann, { at: T0 + HOUR }))
      .thenRefused("DEADLINE_PASSED");
  });

  it("refuses what is not in review", () => {
    given().when(approveBy(ann)).thenRefused("NOT_FOUND");
    given(requested).when(approveBy(ann)).thenRefused("WRONG_STATE");
    given(...allowed)
      .when(approveBy(ann))
      .thenRefused("WRONG_STATE");
    given(...inReview(), { type: "ActionExpired", at: T0 + HOUR })
      .when(approveBy(ann))
      .thenRefused("WRONG_STATE");
  });

  it("P7: nobody can complete a review without stages, groups or a quorum of at least one", () => {
    const nobody = verdict("review", { stages: [stage([], 0)] });
    given(...inReview(nobody))
      .when(approveBy(ann))
      .thenRefused("NOT_ELIGIBLE");
    given(...inReview(verdict("review", { stages: [] })))
      .when(approveBy(ann))
      .thenRefused("DEADLINE_PASSED");
  });
});

describe("CastVote reject", () => {
  it("ends the review: one is enough", () => {
    given(...inReview(twoOnCall))
      .when(rejectBy(ann))
      .then(cast(rejectBy(ann)), { type: "ActionRejected", at: later, digest: rejectBy(ann).digest });
    expect(
      stateAfter(
        given(...inReview(twoOnCall))
          .when(rejectBy(ann))
          .events(),
      ).status,
    ).toBe("REJECTED");
  });

  it("can take the place of one's own approval", () => {
    const one = given(...inReview(twoOnCall))
      .when(approveBy(ann))
      .events();
    given(...one)
      .when(rejectBy(ann))
      .then(cast(rejectBy(ann)), { type: "ActionRejected", at: later, digest: rejectBy(ann).digest });
  });

  it("refuses the ineligible, the stale and the late", () => {
    given(...inReview())
      .when(rejectBy(cid))
      .thenRefused("NOT_ELIGIBLE");
    given(...inReview())
      .when(rejectBy(ann, { digest: EDITED_DIGEST }))
      .thenRefused("STALE_DIGEST");
    given(...inReview())
      .when(rejectBy(ann, { at: T0 + HOUR }))
      .thenRefused("DEADLINE_PASSED");
  });

  it("stays quiet when repeated", () => {
    given(
      ...given(...inReview())
        .when(rejectBy(ann))
        .events(),
    )
      .when(rejectBy(ann))
      .thenNothing();
  });
});

describe("a no that comes after the approval", () => {
  const done = given(...inReview())
    .when(approveBy(ann))
    .events();

  it("takes the grant back while it is unused", () => {
    const no = rejectBy(dan);
    given(...done)
      .when(no)
      .then(cast(no), { type: "GrantRevoked", at: later, grantId: "grant-1", reason: no.reason });
    const after = given(...done)
      .when(no)
      .events();
    expect(stateAfter(after)).toMatchObject({ status: "REVOKED", review: { votes: [{ decision: "approve" }, { decision: "reject" }] } });
    given(...after)
      .when(no)
      .thenNothing();
  });

  it("is for reviewers of the last stage only, on what was shown, and too late once it runs", () => {
    given(...done)
      .when(rejectBy(cid))
      .thenRefused("NOT_ELIGIBLE");
    given(...done)
      .when(rejectBy(owner))
      .thenRefused("SELF_APPROVAL");
    given(...done)
      .when(rejectBy(dan, { digest: EDITED_DIGEST }))
      .thenRefused("STALE_DIGEST");
    given(...done)
      .when(approveBy(dan))
      .thenRefused("WRONG_STATE");
    given(...done, { type: "GrantRedeemed", at: later, grantId: "grant-1", principal: ref("exporter"), reportDeadline: later + HOUR })
      .when(rejectBy(dan))
      .thenRefused("WRONG_STATE");
    given(...allowed)
      .when(rejectBy(dan))
      .thenRefused("WRONG_STATE");
  });
});
