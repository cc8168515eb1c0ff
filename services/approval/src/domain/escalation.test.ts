import { describe, expect, it } from "vitest";
import { ann, approveBy, approved, cast, HOUR, inReview, MINUTE, principal, stage, T0, verdict } from "../testing/fixtures.ts";
import { given, stateAfter } from "../testing/given.ts";
import type { Stage } from "./stage.ts";

const review = (more: Partial<Stage>) => inReview(verdict("review", { stages: [stage(["oncall"], 1, { seconds: 3600, ...more })] }));
const tend = (minutes: number) => ({ type: "TendReview", at: T0 + minutes * MINUTE }) as const;
const escalation = { afterSeconds: 1800, to: [{ kind: "group", name: "managers" }] } as const;
const max = principal("max", { groups: ["managers"] });

describe("what is due in a review that nobody decides", () => {
  it("reminds at its times, each once, and the next timer is for what comes next", () => {
    const reminded = review({ reminderSeconds: [600, 1200] });
    expect(reminded.at(-1)).toMatchObject({ type: "ReviewOpened", nextAt: T0 + 10 * MINUTE, deadline: T0 + HOUR });
    given(...reminded)
      .when(tend(9))
      .thenNothing();
    const first = {
      type: "ReviewerReminded",
      at: T0 + 10 * MINUTE,
      stage: 0,
      number: 1,
      nextAt: T0 + 20 * MINUTE,
      claimedBy: undefined,
    } as const;
    given(...reminded)
      .when(tend(10))
      .then(first);
    given(...reminded, first)
      .when(tend(10))
      .thenNothing();
    // A timer that comes late reminds once, not twice.
    given(...reminded)
      .when(tend(25))
      .then({ type: "ReviewerReminded", at: T0 + 25 * MINUTE, stage: 0, number: 2, nextAt: T0 + HOUR, claimedBy: undefined });
  });

  it("asks others as well, whose votes then count", () => {
    const escalating = review({ escalation });
    given(...escalating)
      .when(approveBy(max, { at: T0 + 30 * MINUTE }))
      .thenRefused("NOT_ELIGIBLE");
    const escalated = { type: "ReviewEscalated", at: T0 + 30 * MINUTE, stage: 0, deadline: T0 + HOUR, nextAt: T0 + HOUR } as const;
    given(...escalating)
      .when(tend(30))
      .then(escalated);
    given(...escalating, escalated)
      .when(tend(31))
      .thenNothing();
    const vote = approveBy(max, { at: T0 + 31 * MINUTE });
    given(...escalating, escalated)
      .when(vote)
      .then(cast(vote), ...approved(vote.at));
  });

  it("on_timeout deny: it expires, and no vote counts from then on", () => {
    given(...review({ onTimeout: "deny" }))
      .when(tend(60))
      .then({ type: "ActionExpired", at: T0 + HOUR });
    given(...review({ onTimeout: "deny" }))
      .when(approveBy(ann, { at: T0 + HOUR }))
      .thenRefused("DEADLINE_PASSED");
  });

  it("on_timeout hold: it waits until somebody decides, also before the timer has said so", () => {
    const held = review({ onTimeout: "hold" });
    const vote = approveBy(ann, { at: T0 + 5 * HOUR });
    given(...held)
      .when(vote)
      .then(cast(vote), ...approved(vote.at));
    const event = { type: "ReviewHeld", at: T0 + HOUR, stage: 0 } as const;
    given(...held)
      .when(tend(60))
      .then(event);
    expect(stateAfter([...held, event])).toMatchObject({ status: "IN_REVIEW", review: { deadline: undefined } });
    given(...held, event)
      .when(tend(600))
      .thenNothing();
    given(...held, event)
      .when(vote)
      .then(cast(vote), ...approved(vote.at));
  });

  it("on_timeout escalate: the deadline starts anew once, then it expires", () => {
    const escalating = review({ onTimeout: "escalate", escalation: { ...escalation, afterSeconds: 3599 } });
    const first = { type: "ReviewEscalated", at: T0 + HOUR, stage: 0, deadline: T0 + 2 * HOUR, nextAt: T0 + 2 * HOUR } as const;
    given(...escalating)
      .when(tend(60))
      .then(first);
    given(...escalating, first)
      .when(tend(119))
      .thenNothing();
    given(...escalating, first)
      .when(tend(120))
      .then({ type: "ActionExpired", at: T0 + 2 * HOUR });
    given(...escalating, first)
      .when(approveBy(max, { at: T0 + 2 * HOUR }))
      .thenRefused("DEADLINE_PASSED");
  });

  it("begins anew with each stage", () => {
    const stages = [stage(["oncall"]), stage(["managers"], 1, { reminderSeconds: [60] })];
    const vote = approveBy(ann);
    given(...inReview(verdict("review", { stages })))
      .when(vote)
      .then(cast(vote), { type: "StageOpened", at: vote.at, stage: 1, deadline: vote.at + HOUR, nextAt: vote.at + MINUTE });
  });
});
