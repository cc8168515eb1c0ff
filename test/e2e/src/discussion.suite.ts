import { randomUUID } from "node:crypto";
import type { CountersignClient } from "@countersign/client";
import { approve, refusal, shownTo } from "@countersign/client/testing";
import { DEVELOPMENT_PRINCIPALS } from "@countersign/identity";
import { CommentKind } from "@countersign/proto/v1/action_pb";
import { ClaimFilter } from "@countersign/proto/v1/review_service_pb";
import { describe, expect, it, vi } from "vitest";
import { EXPORT } from "./scenes.ts";
import type { Stack } from "./stack.ts";

type World = {
  readonly stack: Stack;
  readonly agent: CountersignClient;
  readonly dataOwner: CountersignClient;
  readonly secondOwner: CountersignClient;
};

/** What people do about a review without deciding it. */
export function discussion(world: () => World): void {
  describe("a reviewer who wants to know more", () => {
    const SOON = { timeout: 20_000, interval: 25 };
    /** Joins no review that is open already. */
    const ofItsOwnRun = () => ({ ...EXPORT, context: { ...EXPORT.context, run_id: randomUUID() } });

    it("P1: asks, is answered by the agent, and approves what was shown before", async () => {
      const { stack, agent, dataOwner } = world();
      const { action } = await agent.requestAction(ofItsOwnRun());
      const shown = await shownTo(dataOwner, action.id);
      const asked: string[] = [];
      const decided = agent.waitForDecision(action.id, {
        onQuestion: (question) => {
          asked.push(question.text);
          return "for the report of the region";
        },
      });
      const question = { actionId: action.id, kind: CommentKind.QUESTION, text: "what for?", idempotencyKey: randomUUID() };
      await dataOwner.reviews.addComment(question);
      await vi.waitFor(async () => {
        const { action: seen } = await dataOwner.reviews.getReview({ actionId: action.id });
        expect(seen?.review?.comments).toMatchObject([
          { kind: CommentKind.QUESTION, byRequester: false, answer: 2 },
          { kind: CommentKind.ANSWER, byRequester: true, text: "for the report of the region" },
        ]);
      }, SOON);
      await dataOwner.reviews.submitVote({ ...shown, decision: { case: "approve", value: {} } });
      expect((await decided).grantToken).not.toBe("");
      expect(asked).toEqual(["what for?"]);
      const { entries } = await (await stack.as("auditor")).audit.getTimeline({ actionId: action.id });
      expect(entries.map(({ text }) => text).join("\n")).toContain("answers question 1 (comment 2, which decides nothing)");
    });

    it("P3: claims it for the others to see, who can decide all the same", async () => {
      const { agent, dataOwner, secondOwner } = world();
      const { action } = await agent.requestAction(ofItsOwnRun());
      const { id: actionId } = action;
      await dataOwner.reviews.claimReview({ actionId });
      const listed = async (reviewer: CountersignClient, claim: ClaimFilter) =>
        (await reviewer.reviews.listReviews({ claim })).reviews.map(({ id }) => id);
      await vi.waitFor(async () => expect(await listed(dataOwner, ClaimFilter.MINE)).toContain(actionId), SOON);
      expect(await listed(secondOwner, ClaimFilter.MINE)).not.toContain(actionId);
      expect(await listed(secondOwner, ClaimFilter.UNCLAIMED)).not.toContain(actionId);
      expect(await refusal(secondOwner.reviews.claimReview({ actionId }))).toBe("FAILED_PRECONDITION ALREADY_CLAIMED");
      await approve(secondOwner, actionId);
      expect((await agent.waitForDecision(actionId)).grantToken).not.toBe("");
    });

    it("P3, P8: refuses everybody else, with the reason that is theirs", async () => {
      const { stack, agent, dataOwner } = world();
      const { action } = await agent.requestAction(ofItsOwnRun());
      const { id: actionId } = action;
      const write = (who: CountersignClient, kind: CommentKind = CommentKind.QUESTION) =>
        refusal(who.reviews.addComment({ actionId, kind, text: "hello", idempotencyKey: randomUUID() }));
      const [other, auditor, security] = [await stack.as("ci-runner"), await stack.as("auditor"), await stack.as("security-lead")];
      expect(await write(agent)).toBe("PERMISSION_DENIED NOT_HUMAN");
      expect(await write(other, CommentKind.REMARK)).toBe("NOT_FOUND NOT_FOUND");
      expect(await write(auditor)).toBe("PERMISSION_DENIED ROLE_MISSING");
      expect(await write(security)).toBe("PERMISSION_DENIED NOT_ELIGIBLE");
      expect(await write(dataOwner, CommentKind.UNSPECIFIED)).toBe("INVALID_ARGUMENT FIELD_VIOLATION");
      expect(await refusal(security.reviews.claimReview({ actionId }))).toBe("PERMISSION_DENIED NOT_ELIGIBLE");
      expect(await refusal(agent.reviews.claimReview({ actionId }))).toBe("PERMISSION_DENIED ROLE_MISSING");
      const robot = await stack.as({ ...DEVELOPMENT_PRINCIPALS["data-owner"], type: "agent", id: "robot" });
      expect(await write(robot)).toBe("PERMISSION_DENIED NOT_HUMAN");
      expect(await refusal(robot.reviews.claimReview({ actionId }))).toBe("PERMISSION_DENIED NOT_HUMAN");
      const elsewhere = await stack.as({ ...DEVELOPMENT_PRINCIPALS["data-owner"], tenant: "globex" });
      expect([await write(elsewhere), await refusal(elsewhere.reviews.claimReview({ actionId }))]).toEqual([
        "NOT_FOUND NOT_FOUND",
        "NOT_FOUND NOT_FOUND",
      ]);
      await agent.actions.cancelAction({ actionId, reason: "" });
      expect(await write(dataOwner)).toBe("FAILED_PRECONDITION WRONG_STATE");
    });
  });
}
