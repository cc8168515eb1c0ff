import { describe, expect, it } from "vitest";
import {
  acceptEdit,
  allowed,
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
  EDITED_INPUT,
  editedBy,
  exporter,
  hex,
  HOUR,
  INPUT,
  inReview,
  ISSUER,
  MINUTE,
  opened,
  owner,
  principal,
  reached,
  ref,
  rejectBy,
  requested,
  sponsor,
  stage,
  standing,
  T0,
  verdict,
} from "../testing/fixtures.ts";
import { given, stateAfter } from "../testing/given.ts";
import type { ActionEvent } from "./events.ts";

const later = T0 + MINUTE;
const two = verdict("review", { stages: [stage(["oncall"], 2)] });
const staged = verdict("review", { stages: [stage(["oncall"]), stage(["managers"])] });

describe("CastVote approve", () => {
  it("P1: issues the grant when the quorum is reached, for the digest that was approved", () => {
    given(...inReview())
      .when(approveBy(ann))
      .then(cast(approveBy(ann)), ...approved(later));
  });

  it("waits for the rest of the quorum", () => {
    given(...inReview(two))
      .when(approveBy(ann))
      .then(cast(approveBy(ann)));
    const one = given(...inReview(two))
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
      ...given(...inReview(two))
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
      ...given(...inReview(two))
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
    given(...inReview(two))
      .when(rejectBy(ann))
      .then(cast(rejectBy(ann)), { type: "ActionRejected", at: later, digest: rejectBy(ann).digest });
    expect(
      stateAfter(
        given(...inReview(two))
          .when(rejectBy(ann))
          .events(),
      ).status,
    ).toBe("REJECTED");
  });

  it("can take the place of one's own approval", () => {
    const one = given(...inReview(two))
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

describe("P3: nobody approves what they caused, agents never review", () => {
  const human = principal("exporter", { groups: ["oncall"] });
  it.each([
    ["the requester, as a human of the same identity", human, "SELF_APPROVAL"],
    ["the requester itself, an agent", exporter, "NOT_HUMAN"],
    ["somebody on the requester's chain", sponsor, "SELF_APPROVAL"],
    ["the requester's owner", owner, "SELF_APPROVAL"],
    ["another agent", principal("other", { type: "agent", groups: ["oncall"] }), "NOT_HUMAN"],
    ["a service", principal("ci", { type: "service", groups: ["oncall"] }), "NOT_HUMAN"],
    ["an eligible human acting through an agent", { ...ann, chain: [ref("copilot")] }, "NOT_HUMAN"],
    ["a human in no eligible group", principal("eve", { groups: ["sales"] }), "NOT_ELIGIBLE"],
  ] as const)("refuses %s", (_who, reviewer, code) => {
    given(...inReview())
      .when(approveBy(reviewer))
      .thenRefused(code);
    given(...inReview())
      .when(rejectBy(reviewer))
      .thenRefused(code);
    given(...inReview())
      .when(editBy(reviewer, verdict("review")))
      .thenRefused(code);
  });

  it("refuses every editor, also when somebody else edited later, but lets an editor reject", () => {
    const once = editedBy(inReview(), editBy(ann, verdict("review")));
    const twice = editedBy(once, editBy(bob, verdict("review"), { input: hex(0x13), digest: EDITED_DIGEST, version: 7 }));
    for (const editor of [ann, bob]) {
      given(...twice)
        .when(approveBy(editor, { digest: EDITED_DIGEST, version: 11 }))
        .thenRefused("SELF_APPROVAL");
      expect(
        given(...twice)
          .when(rejectBy(editor, { digest: EDITED_DIGEST, version: 11 }))
          .events(),
      ).toHaveLength(13);
    }
  });

  it("does not take an agent's word for a human's own vote that it repeats", () => {
    const one = given(...inReview(two))
      .when(approveBy(ann))
      .events();
    given(...one)
      .when(approveBy({ ...ann, chain: [ref("copilot")] }))
      .thenRefused("NOT_HUMAN");
  });

  it("tells two issuers' principals of the same id apart", () => {
    const stranger = { ...sponsor, issuer: "https://other.example" };
    given(...inReview())
      .when(approveBy(stranger))
      .then(cast(approveBy(stranger)), ...approved(later));
    expect(stranger.issuer).not.toBe(ISSUER);
  });
});

describe("EditAction", () => {
  const review = verdict("review");
  const edited: ActionEvent = {
    type: "ActionEdited",
    at: later,
    editor: bob,
    standing: standing(bob),
    previousDigest: approveBy(ann).digest,
    input: EDITED_INPUT,
    reason: hex(0x22),
    deadline: later + HOUR,
  };

  it("lapses the votes and starts the quorum over on the new digest", () => {
    const one = given(...inReview(two))
      .when(approveBy(ann))
      .events();
    given(...one)
      .when(editBy(bob, two))
      .then(
        { type: "VoteLapsed", at: later, reviewer: ref("ann"), digest: approveBy(ann).digest, cause: "edited" },
        edited,
        reached(two, later, EDITED_DIGEST),
      );
    const after = editedBy(one, editBy(bob, two));
    expect(after.slice(-2)).toEqual([{ type: "EditAccepted", at: later, digest: EDITED_DIGEST }, opened(two, later)]);
    given(...after)
      .when(approveBy(ann))
      .thenRefused("STALE_DIGEST");
    given(...after)
      .when(approveBy(ann, { digest: EDITED_DIGEST, version: 4 }))
      .thenRefused("STALE_VERSION");
    const second = approveBy(ann, { digest: EDITED_DIGEST, version: 9 });
    given(...after)
      .when(second)
      .then(cast(second));
  });

  it("has an end: the twenty-first edit is refused", () => {
    let history = inReview();
    for (let count = 0; count < 20; count += 1) {
      const digest = count === 0 ? DIGEST : EDITED_DIGEST;
      history = editedBy(history, editBy(bob, two, { digest, version: history.length, input: String(count).padStart(64, "0") }));
    }
    given(...history)
      .when(editBy(bob, two, { digest: EDITED_DIGEST, version: history.length, input: "f".repeat(64) }))
      .thenRefused("EDIT_LIMIT");
  });

  it("ends or approves as policy says", () => {
    given(...inReview())
      .when(editBy(bob, verdict("deny")))
      .then(edited, reached(verdict("deny"), later, EDITED_DIGEST));
    given(...inReview())
      .when(editBy(bob, verdict("allow")))
      .then(edited, reached(verdict("allow"), later, EDITED_DIGEST));
    const allowedForm = given(...inReview())
      .when(editBy(bob, verdict("allow")))
      .events();
    given(...allowedForm)
      .when(acceptEdit())
      .then({ type: "EditAccepted", at: later, digest: EDITED_DIGEST }, ...approved(later, EDITED_DIGEST));
    const denied = stateAfter(
      given(...inReview())
        .when(editBy(bob, verdict("deny")))
        .events(),
    );
    expect(denied).toMatchObject({ status: "DENIED", review: { editors: [{ principal: ref("bob"), principals: [ref("bob")] }] } });
  });

  it("P1: an approval of the form before the edit does not count when an edit brings it back", () => {
    const one = given(...inReview(two))
      .when(approveBy(ann))
      .events();
    const there = editedBy(one, editBy(bob, two));
    const back = editBy(bob, two, { input: INPUT, digest: EDITED_DIGEST, version: 9 });
    const home = editedBy(there, { ...back, judgement: { ...back.judgement, digest: approveBy(ann).digest } });
    given(...home)
      .when(approveBy(dan, { version: 13 }))
      .then(cast(approveBy(dan)));
  });

  it("refuses the stale and the late", () => {
    given(...inReview())
      .when(editBy(bob, review, { digest: EDITED_DIGEST }))
      .thenRefused("STALE_DIGEST");
    given(...inReview())
      .when(editBy(bob, review, { version: 2 }))
      .thenRefused("STALE_VERSION");
    given(...inReview())
      .when(editBy(bob, review, { at: T0 + HOUR }))
      .thenRefused("DEADLINE_PASSED");
    given(...allowed)
      .when(editBy(bob, review))
      .thenRefused("WRONG_STATE");
    given().when(editBy(bob, review)).thenRefused("NOT_FOUND");
  });

  it("stays quiet when it changes nothing", () => {
    given(...inReview())
      .when(editBy(bob, review, { input: INPUT }))
      .thenNothing();
  });
});

describe("AcceptEdit", () => {
  const edited = given(...inReview())
    .when(editBy(bob, verdict("review")))
    .events();

  it("P1: nothing goes on before the requester has accepted exactly the edited form", () => {
    expect(stateAfter(edited).status).toBe("EDITED");
    given(...edited)
      .when(approveBy(dan, { digest: EDITED_DIGEST, version: 5 }))
      .thenRefused("WRONG_STATE");
    given(...edited)
      .when(acceptEdit(DIGEST))
      .thenRefused("STALE_DIGEST");
    for (const caller of [bob, owner, sponsor])
      given(...edited)
        .when({ ...acceptEdit(), caller })
        .thenRefused("NOT_REQUESTER");
    given(...edited)
      .when(acceptEdit(EDITED_DIGEST, later + HOUR))
      .thenRefused("DEADLINE_PASSED");
  });

  it("may be said no to, and has an end", () => {
    given(...edited)
      .when({ type: "CancelAction", at: later, caller: exporter, reason: undefined })
      .then({ type: "ActionCancelled", at: later, reason: undefined });
    given(...edited)
      .when({ type: "TendReview", at: later + HOUR })
      .then({ type: "ActionExpired", at: later + HOUR });
    given(...edited)
      .when({ type: "TendReview", at: later })
      .thenNothing();
  });

  it("stays quiet when repeated, and refuses where nothing was edited", () => {
    given(...editedBy(inReview(), editBy(bob, verdict("review"))))
      .when(acceptEdit())
      .thenNothing();
    given(...inReview())
      .when(acceptEdit(DIGEST))
      .thenRefused("WRONG_STATE");
    given().when(acceptEdit()).thenRefused("NOT_FOUND");
  });
});

describe("what was shown", () => {
  it("P1: refuses a vote, and an edit, on another view than the one that is shown now", () => {
    const shown = { given: hex(0x01), now: hex(0x02) };
    given(...inReview())
      .when(approveBy(ann, { shown }))
      .thenRefused("STALE_VIEW");
    given(...inReview())
      .when(rejectBy(ann, { shown }))
      .thenRefused("STALE_VIEW");
    given(...inReview())
      .when(editBy(bob, verdict("review"), { shown }))
      .thenRefused("STALE_VIEW");
  });
});
