import { describe, expect, it } from "vitest";
import {
  approveBy,
  ann,
  cast,
  DIGEST,
  editBy,
  editedBy,
  EDITED_DIGEST,
  EDITED_INPUT,
  exporter,
  HOUR,
  hex,
  inReview,
  INPUT,
  MINUTE,
  ref,
  rejectBy,
  stage,
  T0,
  verdict,
} from "../testing/fixtures.ts";
import { given, stateAfter } from "../testing/given.ts";
import type { JoinReview } from "./commands.ts";
import type { ActionEvent } from "./events.ts";

const join = (more: Partial<JoinReview> = {}): JoinReview => ({
  type: "JoinReview",
  at: T0 + MINUTE,
  caller: exporter,
  digest: DIGEST,
  input: INPUT,
  ...more,
});

const joined = (number: number): ActionEvent => ({ type: "ReviewJoined", at: T0 + MINUTE, number, digest: DIGEST, input: INPUT });
const after = (command: Parameters<ReturnType<typeof given>["when"]>[0]): readonly ActionEvent[] =>
  given(...inReview())
    .when(command)
    .events();

describe("asked for again while people look at it", () => {
  it("counts, and moves nothing else: the review, its deadline and what was shown stay", () => {
    given(...inReview())
      .when(join())
      .then(joined(2));
    given(...inReview(), joined(2))
      .when(join())
      .then(joined(3));
    const [before, now] = [stateAfter(inReview()), stateAfter([...inReview(), joined(2)])];
    expect(now).toEqual({
      ...before,
      version: 4,
      updatedAt: T0 + MINUTE,
      review: { ...("review" in before && before.review), asked: { times: 2, input: INPUT } },
    });
  });

  it("P1: the vote on what was shown before counts, and there is one grant", () => {
    const vote = approveBy(ann);
    given(...inReview(), joined(2))
      .when(vote)
      .then(
        cast(vote),
        { type: "ActionApproved", at: vote.at, digest: DIGEST },
        { type: "GrantIssued", at: vote.at, principal: ref("exporter"), digest: DIGEST, ...vote.grant },
      );
  });

  it("twenty times, and no more", () => {
    const history = Array.from({ length: 19 }, (_, index) => joined(index + 2));
    given(...inReview(), ...history.slice(0, 18))
      .when(join())
      .then(joined(20));
    given(...inReview(), ...history)
      .when(join())
      .thenRefused("ASKED_TOO_OFTEN");
  });

  const edited = editedBy(inReview(), editBy(ann, verdict("review")));
  it.each<[string, readonly ActionEvent[], JoinReview, Parameters<ReturnType<ReturnType<typeof given>["when"]>["thenRefused"]>[0]]>([
    ["what was never asked for", [], join(), "NOT_FOUND"],
    ["P3, P8: by the same program for somebody else", inReview(), join({ caller: { ...exporter, chain: [ref("eve")] } }), "NOT_REQUESTER"],
    ["by another program", inReview(), join({ caller: { ...exporter, id: "importer" } }), "NOT_REQUESTER"],
    ["P1: another digest", inReview(), join({ digest: hex(0xd9) }), "STALE_DIGEST"],
    ["what a reviewer has edited", edited, join(), "STALE_DIGEST"],
    ["after its deadline, whatever the timer", inReview(), join({ at: T0 + HOUR }), "DEADLINE_PASSED"],
    ["what was rejected", after(rejectBy(ann)), join(), "WRONG_STATE"],
    ["what was approved", after(approveBy(ann)), join(), "WRONG_STATE"],
    ["what was cancelled", after({ type: "CancelAction", at: T0, caller: exporter, reason: undefined }), join(), "WRONG_STATE"],
  ])("is not joined: %s", (_, history, command, code) => {
    given(...history)
      .when(command)
      .thenRefused(code);
  });

  it("the edited form is joined by who asks for that", () => {
    given(...edited)
      .when(join({ digest: EDITED_DIGEST, input: EDITED_INPUT }))
      .then({ type: "ReviewJoined", at: T0 + MINUTE, number: 2, digest: EDITED_DIGEST, input: EDITED_INPUT });
  });
});

describe("a vote in haste", () => {
  const two = verdict("review", { stages: [stage(["oncall"]), stage(["managers"])] });
  it.each([
    ["sooner than it can be read", 6_999, 7, { availableSeconds: 6, neededSeconds: 7 }],
    ["before the clock moved, or by a clock that went back", -1000, 7, { availableSeconds: 0, neededSeconds: 7 }],
    ["just slow enough", 7_000, 7, undefined],
  ])("%s", (_, later, readingSeconds, haste) => {
    for (const command of [approveBy(ann, { at: T0 + later, readingSeconds }), rejectBy(ann, { at: T0 + later, readingSeconds })]) {
      const [vote] = given(...inReview())
        .when(command)
        .events()
        .slice(3);
      expect(vote).toEqual(cast(command, 0, undefined, haste));
    }
  });

  it("is measured from when its own stage asked: whoever is asked later has to read too", () => {
    const first = approveBy(ann, { at: T0 + HOUR / 2 });
    const second = rejectBy({ ...ann, id: "mia", groups: ["managers"] }, { at: T0 + HOUR / 2 + 2000, readingSeconds: 7, version: 3 });
    const history = given(...inReview(two))
      .when(first)
      .events();
    expect(
      given(...history)
        .when(second)
        .events()
        .at(-2),
    ).toEqual(cast(second, 1, undefined, { availableSeconds: 2, neededSeconds: 7 }));
  });
});
