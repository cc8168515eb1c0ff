import { describe, expect, it } from "vitest";
import type { ActionEvent } from "../domain/events.ts";
import {
  allowed,
  ann,
  approveBy,
  HOUR,
  inReview,
  MINUTE,
  reached,
  redeemed,
  rejectBy,
  requested,
  T0,
  verdict,
  stage,
} from "../testing/fixtures.ts";
import { given } from "../testing/given.ts";
import { isAfterwards, retryDelay, timerAfter, type Timer } from "./timers.ts";

function timerOf(history: readonly ActionEvent[]): Timer | undefined {
  return history.reduce<Timer | undefined>((timer, event) => {
    const next = timerAfter(event);
    if (next === "keep") return timer;
    return next === "clear" ? undefined : next;
  }, undefined);
}

describe("timerAfter", () => {
  it("keeps asking policy while there is no verdict", () => {
    expect(timerOf([requested])).toEqual({ kind: "verdict_retry", dueAt: T0 + 1000 });
  });

  it("expires a review at its deadline, also after a vote", () => {
    const two = verdict("review", { stages: [stage(["oncall"], 2)] });
    expect(timerOf(inReview())).toEqual({ kind: "tend_review", dueAt: T0 + HOUR });
    expect(
      timerOf(
        given(...inReview(two))
          .when(approveBy(ann))
          .events(),
      ),
    ).toEqual({ kind: "tend_review", dueAt: T0 + HOUR });
  });

  it("an after-review has a timer of its own", () => {
    const reminded = { type: "AfterReviewReminded", at: T0, number: 1, nextAt: T0 + HOUR } as const;
    expect(timerAfter(reminded)).toEqual({ kind: "remind_after_review", dueAt: T0 + HOUR });
    expect([reminded, requested].map(isAfterwards)).toEqual([true, false]);
  });

  it("expires a grant, then waits for the report", () => {
    expect(timerOf(allowed)).toEqual({ kind: "expire_grant", dueAt: T0 + 5 * MINUTE });
    expect(timerOf(redeemed)).toEqual({ kind: "mark_unreported", dueAt: T0 + HOUR });
  });

  it.each<[string, readonly ActionEvent[]]>([
    ["denied", [requested, reached(verdict("deny"))]],
    [
      "rejected",
      given(...inReview())
        .when(rejectBy(ann))
        .events(),
    ],
    [
      "expired",
      given(...inReview())
        .when({ type: "TendReview", at: T0 + HOUR })
        .events(),
    ],
    [
      "grant expired",
      given(...allowed)
        .when({ type: "ExpireGrant", at: T0 + HOUR })
        .events(),
    ],
    [
      "unreported",
      given(...redeemed)
        .when({ type: "MarkUnreported", at: T0 + HOUR })
        .events(),
    ],
  ])("leaves nothing behind when the action is %s", (_end, history) => {
    expect(timerOf(history)).toBeUndefined();
  });
});

describe("retryDelay", () => {
  it("doubles up to a minute", () => {
    expect([0, 1, 2, 5, 6, 50].map(retryDelay)).toEqual([1000, 2000, 4000, 32_000, 60_000, 60_000]);
  });
});
