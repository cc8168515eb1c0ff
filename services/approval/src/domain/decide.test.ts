import { describe, expect, it } from "vitest";
import {
  allowed,
  ann,
  approved,
  DIGEST,
  exporter,
  hex,
  HOUR,
  inReview,
  judgement,
  later,
  opened,
  owner,
  reached,
  redeemed,
  request,
  requested,
  sponsor,
  T0,
  TOKEN_DIGEST,
  verdict,
} from "../testing/fixtures.ts";
import { given, stateAfter } from "../testing/given.ts";
import type { ActionCommand, CancelAction, RedeemGrant, ReportExecution } from "./commands.ts";
import type { ActionEvent } from "./events.ts";

describe("RequestAction", () => {
  it("records the request and the grant when policy allows", () => {
    given()
      .when(request(judgement(verdict("allow"))))
      .then(requested, reached(verdict("allow")), ...approved(T0));
  });

  it("records the denial", () => {
    given()
      .when(request(judgement(verdict("deny"))))
      .then(requested, reached(verdict("deny")));
    expect(stateAfter([requested, reached(verdict("deny"))]).status).toBe("DENIED");
  });

  it("opens a review", () => {
    given()
      .when(request(judgement(verdict("review"))))
      .then(...inReview());
    expect(stateAfter(inReview())).toMatchObject({ status: "IN_REVIEW", version: 3, review: { shownFrom: 3 } });
  });

  it("P7: grants nothing when policy does not answer", () => {
    given().when(request(undefined)).then(requested);
    expect(stateAfter([requested]).status).toBe("REQUESTED");
  });

  it("refuses an id that is taken", () => {
    given(requested).when(request(undefined)).thenRefused("WRONG_STATE");
  });
});

describe("ReachVerdict", () => {
  const late = (what = verdict("review")): ActionCommand => ({
    type: "ReachVerdict",
    at: later,
    judgement: judgement(what, later),
    strangers: [],
  });

  it("goes on as if policy had answered at once", () => {
    given(requested)
      .when(late(verdict("allow")))
      .then(reached(verdict("allow"), later), ...approved(later));
    given(requested)
      .when(late())
      .then(reached(verdict("review"), later), opened(verdict("review"), later));
  });

  it("refuses after the deadline and without a request", () => {
    given(requested)
      .when({ ...late(), at: T0 + 24 * HOUR })
      .thenRefused("DEADLINE_PASSED");
    given().when(late()).thenRefused("NOT_FOUND");
  });

  it("stays quiet once there is a verdict", () => {
    given(...inReview())
      .when(late(verdict("allow")))
      .thenNothing();
    given(...allowed)
      .when(late(verdict("deny")))
      .thenNothing();
  });
});

describe("CancelAction", () => {
  const cancel: CancelAction = { type: "CancelAction", at: later, caller: exporter, reason: hex(0x31) };
  const cancelled: ActionEvent = { type: "ActionCancelled", at: later, reason: hex(0x31) };
  const revoked: ActionEvent = { type: "GrantRevoked", at: later, grantId: "grant-1", reason: hex(0x31) };

  it("takes back what is undecided", () => {
    given(requested).when(cancel).then(cancelled);
    given(...inReview())
      .when(cancel)
      .then(cancelled);
  });

  it("revokes an unused grant", () => {
    given(...allowed)
      .when(cancel)
      .then(revoked);
    expect(stateAfter([...allowed, revoked]).status).toBe("REVOKED");
  });

  it("refuses anybody but the requester, and what is over", () => {
    given(...inReview())
      .when({ ...cancel, caller: owner })
      .thenRefused("NOT_REQUESTER");
    given(...inReview())
      .when({ ...cancel, caller: { ...exporter, issuer: "https://other.example" } })
      .thenRefused("NOT_REQUESTER");
    given(...redeemed)
      .when(cancel)
      .thenRefused("WRONG_STATE");
    given(requested, reached(verdict("deny")))
      .when(cancel)
      .thenRefused("WRONG_STATE");
    given().when(cancel).thenRefused("NOT_FOUND");
  });

  it("stays quiet when it was taken back already", () => {
    given(...inReview(), cancelled)
      .when(cancel)
      .thenNothing();
    given(...allowed, revoked)
      .when(cancel)
      .thenNothing();
  });
});

describe("P2: RedeemGrant", () => {
  const redeem: RedeemGrant = {
    type: "RedeemGrant",
    at: later,
    caller: exporter,
    tokenDigest: TOKEN_DIGEST,
    digest: DIGEST,
    reportDeadline: T0 + HOUR,
  };

  it("uses the grant", () => {
    given(...allowed)
      .when(redeem)
      .then(...redeemed.slice(-1));
    expect(stateAfter(redeemed).status).toBe("REDEEMED");
  });

  it("refuses a second time, whatever was reported since", () => {
    given(...redeemed)
      .when(redeem)
      .thenRefused("GRANT_REDEEMED");
    const report: ActionEvent = { type: "ExecutionReported", at: later, outcome: "failed", outputDigest: "", message: undefined };
    given(...redeemed, report)
      .when(redeem)
      .thenRefused("GRANT_REDEEMED");
    given(...redeemed, { type: "ExecutionUnreported", at: T0 + HOUR })
      .when(redeem)
      .thenRefused("GRANT_REDEEMED");
  });

  it("refuses from the moment it expires, also when no timer has fired", () => {
    given(...allowed)
      .when({ ...redeem, at: T0 + 299_999 })
      .then({ ...redeemed.at(-1)!, at: T0 + 299_999 });
    given(...allowed)
      .when({ ...redeem, at: T0 + 300_000 })
      .thenRefused("GRANT_EXPIRED");
    given(...allowed, { type: "GrantExpired", at: T0 + 300_000, grantId: "grant-1" })
      .when(redeem)
      .thenRefused("GRANT_EXPIRED");
  });

  it("refuses another digest, another principal, another token", () => {
    given(...allowed)
      .when({ ...redeem, digest: hex(0xd9) })
      .thenRefused("DIGEST_MISMATCH");
    given(...allowed)
      .when({ ...redeem, caller: sponsor })
      .thenRefused("NOT_GRANTEE");
    given(...allowed)
      .when({ ...redeem, caller: { ...exporter, issuer: "https://other.example" } })
      .thenRefused("NOT_GRANTEE");
    given(...allowed)
      .when({ ...redeem, tokenDigest: hex(0x71) })
      .thenRefused("GRANT_INVALID");
    given(...allowed)
      .when({ ...redeem, tokenDigest: "" })
      .thenRefused("GRANT_INVALID");
    given(...allowed)
      .when({ ...redeem, tokenDigest: `${TOKEN_DIGEST}00` })
      .thenRefused("GRANT_INVALID");
  });

  it("P7: refuses where there is no grant, or no longer", () => {
    given().when(redeem).thenRefused("GRANT_INVALID");
    given(...inReview())
      .when(redeem)
      .thenRefused("GRANT_INVALID");
    given(requested, reached(verdict("deny")))
      .when(redeem)
      .thenRefused("GRANT_INVALID");
    given(...allowed, { type: "GrantRevoked", at: later, grantId: "grant-1", reason: undefined })
      .when(redeem)
      .thenRefused("GRANT_REVOKED");
  });
});

describe("ReportExecution", () => {
  const report: ReportExecution = {
    type: "ReportExecution",
    at: later,
    caller: exporter,
    outcome: "succeeded",
    outputDigest: hex(0x41),
    message: hex(0x42),
    sameMessage: true,
  };
  const reported: ActionEvent = { type: "ExecutionReported", at: later, outcome: "succeeded", outputDigest: hex(0x41), message: hex(0x42) };

  it("ends the action as the caller says", () => {
    given(...redeemed)
      .when(report)
      .then(reported);
    expect(stateAfter([...redeemed, reported]).status).toBe("SUCCEEDED");
    expect(stateAfter([...redeemed, { ...reported, outcome: "failed" }]).status).toBe("FAILED");
  });

  it("refuses before redemption, from others, and after UNREPORTED", () => {
    given(...allowed)
      .when(report)
      .thenRefused("WRONG_STATE");
    given(...inReview())
      .when(report)
      .thenRefused("WRONG_STATE");
    given(...inReview())
      .when({ ...report, caller: ann })
      .thenRefused("NOT_GRANTEE");
    given(...redeemed)
      .when({ ...report, caller: ann })
      .thenRefused("NOT_GRANTEE");
    given(...redeemed, { type: "ExecutionUnreported", at: T0 + HOUR })
      .when(report)
      .thenRefused("WRONG_STATE");
    given().when(report).thenRefused("NOT_FOUND");
  });

  it("refuses to say something else", () => {
    given(...redeemed, reported)
      .when({ ...report, outcome: "failed" })
      .thenRefused("REPORT_CONFLICT");
    given(...redeemed, reported)
      .when({ ...report, outputDigest: "" })
      .thenRefused("REPORT_CONFLICT");
    given(...redeemed, reported)
      .when({ ...report, sameMessage: false })
      .thenRefused("REPORT_CONFLICT");
  });

  it("stays quiet when the same is said again", () => {
    given(...redeemed, reported)
      .when({ ...report, message: hex(0x43) })
      .thenNothing();
  });
});
