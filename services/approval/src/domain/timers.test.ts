import { describe, expect, it } from "vitest";
import { allowed, HOUR, inReview, redeemed, requested, T0 } from "../testing/fixtures.ts";
import { given, stateAfter } from "../testing/given.ts";
import type { ActionEvent } from "./events.ts";

describe("timers", () => {
  it("TendReview ends what nobody decided", () => {
    const at = T0 + HOUR;
    given(...inReview())
      .when({ type: "TendReview", at })
      .then({ type: "ActionExpired", at });
    expect(stateAfter([...inReview(), { type: "ActionExpired", at }]).status).toBe("EXPIRED");
    given(requested)
      .when({ type: "TendReview", at: T0 + 24 * HOUR })
      .then({ type: "ActionExpired", at: T0 + 24 * HOUR });
  });

  it("TendReview stays quiet before the deadline and after the end", () => {
    given(...inReview())
      .when({ type: "TendReview", at: T0 + HOUR - 1 })
      .thenNothing();
    given(requested)
      .when({ type: "TendReview", at: T0 + 24 * HOUR - 1 })
      .thenNothing();
    given(...allowed)
      .when({ type: "TendReview", at: T0 + 99 * HOUR })
      .thenNothing();
    given().when({ type: "TendReview", at: T0 }).thenNothing();
  });

  it("ExpireGrant ends an unused grant, once, when its time has come", () => {
    const at = T0 + 300_000;
    const expired: ActionEvent = { type: "GrantExpired", at, grantId: "grant-1" };
    given(...allowed)
      .when({ type: "ExpireGrant", at })
      .then(expired);
    given(...allowed)
      .when({ type: "ExpireGrant", at: at - 1 })
      .thenNothing();
    given(...allowed, expired)
      .when({ type: "ExpireGrant", at })
      .thenNothing();
    given(...redeemed)
      .when({ type: "ExpireGrant", at })
      .thenNothing();
  });

  it("MarkUnreported ends a silent execution, once, when its time has come", () => {
    const at = T0 + HOUR;
    given(...redeemed)
      .when({ type: "MarkUnreported", at })
      .then({ type: "ExecutionUnreported", at });
    given(...redeemed)
      .when({ type: "MarkUnreported", at: at - 1 })
      .thenNothing();
    given(...redeemed, { type: "ExecutionUnreported", at })
      .when({ type: "MarkUnreported", at })
      .thenNothing();
    given(...allowed)
      .when({ type: "MarkUnreported", at })
      .thenNothing();
  });
});
