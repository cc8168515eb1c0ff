import { describe, expect, it } from "vitest";
import {
  ann,
  approveBy,
  approved,
  bob,
  breakGlassBy,
  cid,
  closeBy,
  DIGEST,
  editBy,
  editedBy,
  EDITED_DIGEST,
  hex,
  HOUR,
  inReview,
  MINUTE,
  owner,
  principal,
  ref,
  rejectBy,
  sponsor,
  stage,
  standing,
  T0,
  TERMS,
  verdict,
} from "../testing/fixtures.ts";
import { given, stateAfter } from "../testing/given.ts";
import type { Principal } from "./principal.ts";
import { afterReviewOf, isTerminal } from "./state.ts";

const DAY = 24 * HOUR;
const sealed = (terms: { groups: readonly string[]; requester: boolean } | undefined = { groups: ["oncall"], requester: false }) =>
  verdict("review", { stages: [stage(["oncall"], 2), stage(["managers"])], terms: { ...TERMS, breakGlass: terms } });
const strong = (who: Principal): Principal => ({ ...who, signIn: "mfa" });
const eve = strong(principal("eve", { groups: ["oncall"] }));
const used = given(...inReview(sealed()))
  .when(breakGlassBy(eve))
  .events();

describe("BreakGlass", () => {
  it("P1: one human of an allowed group approves alone, and what it skips is on record", () => {
    const command = breakGlassBy(eve);
    const { at, digest, reason, keyId, signature } = command;
    given(...inReview(sealed()))
      .when(command)
      .then(
        {
          type: "BreakGlassUsed",
          at,
          reviewer: eve,
          standing: standing(eve),
          digest,
          shownDigest: command.shown.given,
          stage: 0,
          skipped: [
            { stage: 0, name: "oncall", quorumText: "2 of oncall" },
            { stage: 1, name: "managers", quorumText: "1 of managers" },
          ],
          reason,
          keyId,
          signature,
          nextAt: at + DAY,
        },
        ...approved(at),
      );
    expect(stateAfter(used)).toMatchObject({ status: "APPROVED", grant: { principal: ref("exporter") } });
  });

  it("skips only what is still open", () => {
    const two = verdict("review", { ...sealed(), stages: [stage(["oncall"]), stage(["managers"])] });
    const voted = given(...inReview(two))
      .when(approveBy(ann))
      .events();
    const after = afterReviewOf(
      stateAfter(
        given(...voted)
          .when(breakGlassBy(eve))
          .events(),
      ),
    );
    expect(after?.skipped).toEqual([{ stage: 1, name: "managers", quorumText: "1 of managers" }]);
  });

  it("P7: is refused where policy does not name it", () => {
    given(...inReview())
      .when(breakGlassBy(eve))
      .thenRefused("BREAK_GLASS_NOT_ALLOWED");
  });

  it.each([
    ["an agent", strong(principal("robot", { type: "agent", groups: ["oncall"] })), "NOT_HUMAN"],
    ["a human through an agent", strong(principal("ann", { groups: ["oncall"], chain: [ref("bot")] })), "NOT_HUMAN"],
    ["somebody of another group", strong(cid), "NOT_ELIGIBLE"],
    ["a weak sign-in", ann, "SIGN_IN_TOO_WEAK"],
    ["the human that the requester acts for", strong(sponsor), "SELF_APPROVAL"],
    ["its owner", strong(owner), "SELF_APPROVAL"],
  ] as const)("P3: %s", (_who, reviewer, code) => {
    given(...inReview(sealed()))
      .when(breakGlassBy(reviewer))
      .thenRefused(code);
  });

  it("P3: in nobody else's place, and nobody whom the directory does not know", () => {
    const inPlaceOf = { person: "0194", principals: [ref("ann")], entirely: true };
    const stranger = strong(principal("stranger"));
    for (const standings of [[], [standing(stranger, { groups: ["oncall"], inPlaceOf })]])
      given(...inReview(sealed()))
        .when(breakGlassBy(stranger, { standings }))
        .thenRefused("NOT_ELIGIBLE");
  });

  it("P3: not the owner alone, where policy trusts that one with a vote among others", () => {
    const terms = { ...TERMS, ownerMayApprove: true, breakGlass: { groups: ["oncall"], requester: false } };
    given(...inReview(verdict("review", { ...sealed(), terms })))
      .when(breakGlassBy(strong(owner)))
      .thenRefused("SELF_APPROVAL");
  });

  it("P3: the requester's own human only where policy says so, and still of an allowed group; who edited never", () => {
    const trusting = inReview(sealed({ groups: ["oncall"], requester: true }));
    expect(
      stateAfter(
        given(...trusting)
          .when(breakGlassBy(strong(sponsor)))
          .events(),
      ).status,
    ).toBe("APPROVED");
    given(...inReview(sealed({ groups: ["security"], requester: true })))
      .when(breakGlassBy(strong(sponsor)))
      .thenRefused("NOT_ELIGIBLE");
    const edited = editedBy(trusting, editBy(ann, sealed({ groups: ["oncall"], requester: true })));
    given(...edited)
      .when(breakGlassBy(strong(ann), { digest: EDITED_DIGEST, version: edited.length }))
      .thenRefused("SELF_APPROVAL");
  });

  it("P1: on exactly what was shown, in time, and while people are asked", () => {
    const open = inReview(sealed());
    given(...open)
      .when(breakGlassBy(eve, { digest: hex(0xee) }))
      .thenRefused("STALE_DIGEST");
    given(...open)
      .when(breakGlassBy(eve, { version: 99 }))
      .thenRefused("STALE_VERSION");
    given(...open)
      .when(breakGlassBy(eve, { shown: { given: hex(1), now: hex(2) } }))
      .thenRefused("STALE_VIEW");
    given(...open)
      .when(breakGlassBy(eve, { at: T0 + HOUR }))
      .thenRefused("DEADLINE_PASSED");
    const over = given(...open)
      .when(rejectBy(ann))
      .events();
    given(...over)
      .when(breakGlassBy(eve))
      .thenRefused("WRONG_STATE");
    given(...used)
      .when(breakGlassBy(eve))
      .thenNothing();
    given(...used)
      .when(breakGlassBy(strong(ann)))
      .thenRefused("WRONG_STATE");
  });

  it("a reviewer who was skipped can still take the unused grant back", () => {
    const no = rejectBy(ann, { at: T0 + 2 * MINUTE });
    expect(
      stateAfter(
        given(...used)
          .when(no)
          .events(),
      ).status,
    ).toBe("REVOKED");
  });
});

describe("evidence of a break-glass", () => {
  const erase = (who: Principal, aliases: readonly { issuer: string; id: string }[] = []) =>
    ({ type: "EraseContent", at: T0 + HOUR, caller: strong(who), aliases, digests: [hex(0x23)], reason: hex(0x31), force: true }) as const;

  it("P3: is not erased by who used it, nor by who judged it, under whatever account", () => {
    const judged = given(...used)
      .when(closeBy(cid))
      .events();
    given(...used)
      .when(erase(eve))
      .thenRefused("SELF_APPROVAL");
    given(...used)
      .when(erase(principal("eve-admin"), [ref("eve")]))
      .thenRefused("SELF_APPROVAL");
    given(...judged)
      .when(erase(cid))
      .thenRefused("SELF_APPROVAL");
    given(...judged)
      .when(erase(principal("officer")))
      .then({ type: "ContentErased", at: T0 + HOUR, digests: [hex(0x23)], reason: hex(0x31) });
  });
});

describe("after a break-glass", () => {
  const redeemed = [...used, { type: "GrantExpired", at: T0 + 10 * MINUTE, grantId: "grant-1" } as const];

  it("reminds each day until somebody has looked at it, whatever the action does", () => {
    const tend = (at: number) => ({ type: "TendAfterReview", at }) as const;
    const first = T0 + MINUTE + DAY;
    given(...redeemed)
      .when(tend(first - 1))
      .thenNothing();
    const reminded = given(...redeemed).when(tend(first));
    reminded.then({ type: "AfterReviewReminded", at: first, number: 1, nextAt: first + DAY });
    given(...reminded.events())
      .when(tend(first))
      .thenNothing();
    const closed = given(...reminded.events())
      .when(closeBy(bob))
      .events();
    given(...closed)
      .when(tend(first + DAY))
      .thenNothing();
    given(...inReview(sealed()))
      .when(tend(first))
      .thenNothing();
  });

  it("another reviewer of a skipped stage closes it, once; the action stays what it is", () => {
    const close = closeBy(cid);
    const { at, reviewer, finding, reason } = close;
    const closing = given(...redeemed).when(close);
    closing.then({ type: "AfterReviewClosed", at, reviewer, standing: standing(cid), finding, reason });
    const [before, after] = [stateAfter(redeemed), stateAfter(closing.events())];
    expect([before.status, isTerminal(before), after.status, isTerminal(after)]).toEqual(["GRANT_EXPIRED", false, "GRANT_EXPIRED", true]);
    given(...closing.events())
      .when(close)
      .thenNothing();
    given(...closing.events())
      .when(closeBy(cid, { finding: "not_justified" }))
      .thenRefused("WRONG_STATE");
    given(...closing.events())
      .when(closeBy(bob))
      .thenRefused("WRONG_STATE");
  });

  it("P7: what was not justified is not run: the unused grant goes with the finding", () => {
    const close = closeBy(cid, { finding: "not_justified", at: T0 + 2 * MINUTE });
    const { at, reviewer, finding, reason } = close;
    const closing = given(...used).when(close);
    closing.then(
      { type: "AfterReviewClosed", at, reviewer, standing: standing(cid), finding, reason },
      { type: "GrantRevoked", at, grantId: "grant-1", reason },
    );
    expect(stateAfter(closing.events()).status).toBe("REVOKED");
    const fine = given(...used)
      .when(closeBy(cid, { at: T0 + 2 * MINUTE }))
      .events();
    expect(stateAfter(fine).status).toBe("APPROVED");
  });

  it.each([
    ["who used it", eve, "SELF_APPROVAL"],
    ["the human that the requester acts for", sponsor, "SELF_APPROVAL"],
    ["its owner", owner, "SELF_APPROVAL"],
    ["somebody who was not skipped", principal("zoe", { groups: ["sales"] }), "NOT_ELIGIBLE"],
    ["an agent", principal("robot", { type: "agent", groups: ["oncall"] }), "NOT_HUMAN"],
  ] as const)("P3: not %s", (_who, reviewer, code) => {
    given(...used)
      .when(closeBy(reviewer))
      .thenRefused(code);
  });

  it("P3: nor whoever stands in for who used it, nor its owner where policy trusts that one with votes", () => {
    const inPlaceOf = { person: `${eve.issuer}#eve`, principals: [ref("eve")], entirely: true };
    given(...used)
      .when(closeBy(ann, { standings: [standing(ann, { inPlaceOf })] }))
      .thenRefused("SELF_APPROVAL");
    const terms = { ...TERMS, ownerMayApprove: true, breakGlass: { groups: ["oncall"], requester: false } };
    const trusted = given(...inReview(verdict("review", { ...sealed(), terms })))
      .when(breakGlassBy(eve))
      .events();
    given(...trusted)
      .when(closeBy(owner))
      .thenRefused("SELF_APPROVAL");
  });

  it("is there only after a break-glass", () => {
    given().when(closeBy(bob)).thenRefused("NOT_FOUND");
    given(...inReview(sealed()))
      .when(closeBy(bob))
      .thenRefused("WRONG_STATE");
    expect(afterReviewOf(stateAfter(inReview(sealed())))).toBeUndefined();
    expect(DIGEST).toBe(afterReviewOf(stateAfter(used))?.digest);
  });
});
