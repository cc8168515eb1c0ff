import { describe, expect, it } from "vitest";
import {
  acceptEdit,
  allowed,
  ann,
  approveBy,
  bob,
  breakGlassBy,
  cid,
  closeBy,
  DIGEST,
  editBy,
  editedBy,
  exporter,
  hex,
  HOUR,
  inReview,
  INPUT,
  judgement,
  rejectBy,
  request,
  requested,
  stage,
  standing,
  T0,
  TERMS,
  TOKEN_DIGEST,
  verdict,
} from "../testing/fixtures.ts";
import { given, stateAfter } from "../testing/given.ts";
import type { ActionCommand } from "./commands.ts";
import type { ActionEvent } from "./events.ts";

const breakGlass = { groups: ["oncall"], requester: false };
const asked = verdict("review", { stages: [stage(["oncall"]), stage(["managers"])], terms: { ...TERMS, breakGlass } });
const strong = { ...ann, signIn: "mfa" } as const;
const cancel = (at: number) => ({ type: "CancelAction", at, caller: exporter, reason: undefined }) as const;
const claim = (at: number) => ({ type: "ClaimReview", at, reviewer: bob, standings: [standing(bob)] }) as const;

/** Whoever speaks in a review. */
const inReviewAt = (at: number): readonly ActionCommand[] => [
  approveBy(ann, { at }),
  rejectBy(ann, { at }),
  editBy(ann, verdict("allow"), { at }),
  breakGlassBy(strong, { at }),
  claim(at),
  { type: "AddComment", at, author: ann, standings: [standing(ann)], kind: "remark", text: hex(0x44), question: 0 },
  { type: "JoinReview", at, caller: exporter, digest: DIGEST, input: INPUT },
  cancel(at),
];

function eachRefused(history: readonly ActionEvent[], commands: readonly ActionCommand[], code: "DEADLINE_PASSED" | "GRANT_EXPIRED") {
  for (const command of commands)
    given(...history)
      .when(command)
      .thenRefused(code);
}

describe("P7: a deadline counts from its moment on, though the timer that records it is late", () => {
  it("of a verdict", () => {
    const waiting = given().when(request(undefined)).events();
    const at = requested.deadline;
    eachRefused(
      waiting,
      [{ type: "ReachVerdict", at, judgement: judgement(verdict("allow"), at), strangers: [] }, cancel(at)],
      "DEADLINE_PASSED",
    );
    expect(
      stateAfter(
        given(...waiting)
          .when(cancel(at - 1))
          .events(),
      ).status,
    ).toBe("CANCELLED");
  });

  it("of a review", () => {
    eachRefused(inReview(asked), inReviewAt(T0 + HOUR), "DEADLINE_PASSED");
    const before = inReviewAt(T0 + HOUR - 1);
    for (const command of before)
      expect(
        stateAfter(
          given(...inReview(asked))
            .when(command)
            .events(),
        ).version,
        command.type,
      ).toBeGreaterThan(3);
  });

  it("of a claim that is given back", () => {
    const claimed = given(...inReview(asked))
      .when(claim(T0 + HOUR - 1))
      .events();
    given(...claimed)
      .when({ type: "ReleaseReview", at: T0 + HOUR, reviewer: bob })
      .thenNothing();
  });

  it("of a stage that escalates at its deadline: the one that begins then, too", () => {
    const stages = [stage(["oncall"], 1, { seconds: 3600, onTimeout: "escalate" }), stage(["managers"])];
    const escalating = inReview(verdict("review", { stages, terms: { ...TERMS, breakGlass } }));
    eachRefused(escalating, inReviewAt(T0 + 2 * HOUR), "DEADLINE_PASSED");
    given(...escalating)
      .when({ type: "TendReview", at: T0 + 2 * HOUR })
      .then({ type: "ActionExpired", at: T0 + 2 * HOUR });
    const [at, deadline] = [T0 + HOUR + 1000, T0 + 2 * HOUR];
    given(...escalating)
      .when({ type: "TendReview", at })
      .then({ type: "ReviewEscalated", at, stage: 0, deadline, nextAt: deadline });
    expect(
      stateAfter(
        given(...escalating)
          .when(approveBy(ann, { at }))
          .events(),
      ),
    ).toMatchObject({ review: { openStage: 1 } });
  });

  it("of an acceptance", () => {
    const edited = given(...inReview())
      .when(editBy(bob, verdict("review"), { at: T0 }))
      .events();
    eachRefused(edited, [acceptEdit(undefined, T0 + HOUR), cancel(T0 + HOUR)], "DEADLINE_PASSED");
    expect(stateAfter(editedBy(inReview(), editBy(bob, verdict("review")))).status).toBe("IN_REVIEW");
  });
});

describe("P2: a grant that has expired is neither used nor taken back, though the timer is late", () => {
  const expiryOf = (history: readonly ActionEvent[]) => {
    const state = stateAfter(history);
    if (state.status !== "APPROVED") throw new Error(state.status);
    return state.grant.expiresAt;
  };

  it("by its requester", () => {
    const at = expiryOf(allowed);
    const redeem = {
      type: "RedeemGrant",
      at,
      caller: exporter,
      tokenDigest: TOKEN_DIGEST,
      digest: DIGEST,
      reportDeadline: at + HOUR,
    } as const;
    eachRefused(allowed, [redeem, cancel(at)], "GRANT_EXPIRED");
    given(...allowed)
      .when(cancel(at - 1))
      .then({ type: "GrantRevoked", at: at - 1, grantId: "grant-1", reason: undefined });
    given(...allowed)
      .when({ type: "ExpireGrant", at })
      .then({ type: "GrantExpired", at, grantId: "grant-1" });
  });

  it("by a reviewer's late no", () => {
    const approved = given(...inReview())
      .when(approveBy(ann))
      .events();
    eachRefused(approved, [rejectBy(bob, { at: expiryOf(approved) })], "GRANT_EXPIRED");
  });

  it("by whoever looks at a break-glass afterwards: what was found is recorded, and nothing else", () => {
    const used = given(...inReview(asked))
      .when(breakGlassBy(strong))
      .events();
    const at = expiryOf(used);
    const found = given(...used)
      .when(closeBy(cid, { at, finding: "not_justified" }))
      .events();
    expect(found.slice(used.length).map(({ type }) => type)).toEqual(["AfterReviewClosed"]);
    const sooner = given(...used)
      .when(closeBy(cid, { at: at - 1, finding: "not_justified" }))
      .events();
    expect(sooner.slice(used.length).map(({ type }) => type)).toEqual(["AfterReviewClosed", "GrantRevoked"]);
  });
});
