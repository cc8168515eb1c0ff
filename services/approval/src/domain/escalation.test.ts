import { describe, expect, it } from "vitest";
import {
  ann,
  approveBy,
  approved,
  cast,
  cid,
  editBy,
  hex,
  HOUR,
  inReview,
  MINUTE,
  principal,
  rejectBy,
  stage,
  standing,
  T0,
  verdict,
  voterNow,
} from "../testing/fixtures.ts";
import { given, stateAfter } from "../testing/given.ts";
import type { ActionCommand } from "./commands.ts";
import type { Stage } from "./stage.ts";

const review = (more: Partial<Stage>) => inReview(verdict("review", { stages: [stage(["oncall"], 1, { seconds: 3600, ...more })] }));
const tend = (minutes: number) => ({ type: "TendReview", at: T0 + minutes * MINUTE }) as const;
const escalation = { afterSeconds: 1800, to: [{ kind: "group", name: "managers" }] } as const;
const max = principal("max", { groups: ["managers"] });
const escalated = (minutes: number) =>
  ({ type: "ReviewEscalated", at: T0 + minutes * MINUTE, stage: 0, deadline: T0 + HOUR, nextAt: T0 + HOUR }) as const;

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
      .when(approveBy(max, { at: T0 + 30 * MINUTE - 1 }))
      .thenRefused("NOT_ELIGIBLE");
    given(...escalating)
      .when(tend(30))
      .then(escalated(30));
    given(...escalating, escalated(30))
      .when(tend(31))
      .thenNothing();
    const vote = approveBy(max, { at: T0 + 31 * MINUTE });
    given(...escalating, escalated(30))
      .when(vote)
      .then(cast(vote), ...approved(vote.at));
  });

  it("P7: whom an escalation names may speak from its moment on, and the log says before that they are asked, though the timer is late", () => {
    const escalating = review({ escalation });
    const at = T0 + 30 * MINUTE;
    const vote = approveBy(max, { at });
    given(...escalating)
      .when(vote)
      .then(escalated(30), cast(vote), ...approved(at));
    const said = { at, standings: [standing(max)] } as const;
    const others: readonly ActionCommand[] = [
      rejectBy(max, { at }),
      editBy(max, verdict("review"), { at }),
      { type: "ClaimReview", reviewer: max, ...said },
      { type: "AddComment", author: max, ...said, kind: "remark", text: hex(0x44), question: 0 },
    ];
    for (const command of others)
      expect(
        given(...escalating)
          .when(command)
          .events()
          .at(escalating.length),
        command.type,
      ).toEqual(escalated(30));
    // Who was not asked, or names a version that nobody was shown, records nothing.
    given(...escalating)
      .when(approveBy(cid, { at, standings: [standing(cid, { groups: ["sales"] })] }))
      .thenRefused("NOT_ELIGIBLE");
    given(...escalating)
      .when(approveBy(max, { at, version: escalating.length + 1 }))
      .thenRefused("STALE_VERSION");
  });

  it("P7: votes of those whom an escalation names count in later stages, also when it was recorded with the first of them", () => {
    const stages = [stage(["oncall"], 1, { escalation }), stage(["oncall"])];
    const first = approveBy(max, { at: T0 + 30 * MINUTE });
    const second = approveBy(ann, { at: T0 + 31 * MINUTE, voters: [voterNow(max)] });
    const opened = given(...inReview(verdict("review", { stages })))
      .when(first)
      .events();
    given(...opened)
      .when(second)
      .then(cast(second, 1), ...approved(second.at));
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

  it("on_timeout hold: a timer that comes after both still asks whom the escalation names", () => {
    const held = review({ onTimeout: "hold", escalation });
    const late = [escalated(61), { type: "ReviewHeld", at: T0 + 61 * MINUTE, stage: 0 } as const];
    given(...held)
      .when(tend(61))
      .then(...late);
    given(...held, escalated(30))
      .when(tend(61))
      .then(late[1]!);
    const vote = approveBy(max, { at: T0 + 5 * HOUR });
    given(...held, ...late)
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
