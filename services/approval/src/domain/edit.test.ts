import { describe, expect, it } from "vitest";
import {
  acceptEdit,
  allowed,
  ann,
  approveBy,
  approved,
  bob,
  cast,
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
  later,
  opened,
  owner,
  reached,
  ref,
  rejectBy,
  sponsor,
  standing,
  T0,
  twoOnCall,
  verdict,
} from "../testing/fixtures.ts";
import { given, stateAfter } from "../testing/given.ts";
import type { ActionEvent } from "./events.ts";

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
    const one = given(...inReview(twoOnCall))
      .when(approveBy(ann))
      .events();
    given(...one)
      .when(editBy(bob, twoOnCall))
      .then(
        { type: "VoteLapsed", at: later, reviewer: ref("ann"), digest: approveBy(ann).digest, cause: "edited" },
        edited,
        reached(twoOnCall, later, EDITED_DIGEST),
      );
    const after = editedBy(one, editBy(bob, twoOnCall));
    expect(after.slice(-2)).toEqual([{ type: "EditAccepted", at: later, digest: EDITED_DIGEST }, opened(twoOnCall, later)]);
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
      history = editedBy(history, editBy(bob, twoOnCall, { digest, version: history.length, input: String(count).padStart(64, "0") }));
    }
    given(...history)
      .when(editBy(bob, twoOnCall, { digest: EDITED_DIGEST, version: history.length, input: "f".repeat(64) }))
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
    const one = given(...inReview(twoOnCall))
      .when(approveBy(ann))
      .events();
    const there = editedBy(one, editBy(bob, twoOnCall));
    const back = editBy(bob, twoOnCall, { input: INPUT, digest: EDITED_DIGEST, version: 9 });
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
