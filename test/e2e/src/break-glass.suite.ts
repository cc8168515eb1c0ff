import { statusName, type ActionInput, type CountersignClient } from "@countersign/client";
import { refusal, shownTo } from "@countersign/client/testing";
import { DEVELOPMENT_PRINCIPALS, type DevelopmentPrincipal } from "@countersign/identity";
import { AfterReviewFinding, AfterReviewState } from "@countersign/proto/v1/action_pb";
import { describe, expect, it } from "vitest";
import { COPY, human, PURGE, REASON, RESTORE, THROUGH } from "./self-approval-cast.ts";
import type { Stack } from "./stack.ts";

type World = { readonly stack: Stack; readonly agent: CountersignClient };

/** Who may approve alone in an emergency, and what becomes of it. */
export function breakGlass(world: () => World): void {
  describe("P3: break-glass", () => {
    it.each<[string, DevelopmentPrincipal, DevelopmentPrincipal, ActionInput, string]>([
      ["the requester", human("data-owner"), human("data-owner"), PURGE, "PERMISSION_DENIED SELF_APPROVAL"],
      ["the agent's owner", DEVELOPMENT_PRINCIPALS["crm-agent"], human("agent-owner"), PURGE, "PERMISSION_DENIED SELF_APPROVAL"],
      ["the human that an agent acts for", THROUGH, human("data-owner"), PURGE, "PERMISSION_DENIED SELF_APPROVAL"],
      ["an agent with a reviewer's token", DEVELOPMENT_PRINCIPALS["crm-agent"], THROUGH, PURGE, "PERMISSION_DENIED NOT_HUMAN"],
      [
        "a group that only the token knows of",
        DEVELOPMENT_PRINCIPALS["crm-agent"],
        human("deputy"),
        PURGE,
        "PERMISSION_DENIED NOT_ELIGIBLE",
      ],
      [
        "where policy allows nobody",
        DEVELOPMENT_PRINCIPALS["crm-agent"],
        human("both"),
        COPY,
        "FAILED_PRECONDITION BREAK_GLASS_NOT_ALLOWED",
      ],
      ["of another tenant", DEVELOPMENT_PRINCIPALS["crm-agent"], human("data-owner", { tenant: "globex" }), PURGE, "NOT_FOUND NOT_FOUND"],
    ])("not: %s", async (_who, requester, breaker, input, reason) => {
      const { stack } = world();
      const { action } = await (await stack.as(requester)).requestAction(input);
      const shown = await shownTo(await stack.as("operator"), action.id);
      const breaking = (await stack.as({ ...breaker, mfa: true })).reviews.breakGlass({ ...shown, reason: REASON });
      expect(await refusal(breaking)).toBe(reason);
    });

    it("one alone, with a second factor; everybody skipped sees it, and another one has to look at it", async () => {
      const { stack, agent } = world();
      const { action } = await agent.requestAction(PURGE);
      const lead = human("security-lead");
      const shown = await shownTo(await stack.as("operator"), action.id);
      const weak = (await stack.as(lead)).reviews.breakGlass({ ...shown, reason: REASON });
      expect(await refusal(weak)).toBe("PERMISSION_DENIED SIGN_IN_TOO_WEAK");
      const { action: broken } = await (await stack.as({ ...lead, mfa: true })).reviews.breakGlass({ ...shown, reason: REASON });
      expect([statusName(broken?.status ?? 0), broken?.afterReview]).toEqual(["APPROVED", AfterReviewState.OPEN]);
      const whole = async () => (await agent.actions.getAction({ actionId: action.id })).action;
      expect(await whole()).toMatchObject({ afterReview: { reason: REASON, usedBy: { id: "security-lead" } } });
      const close = { actionId: action.id, finding: AfterReviewFinding.JUSTIFIED, reason: "it was full" };
      const owner = await stack.as(human("data-owner"));
      await expect
        .poll(async () => (await owner.reviews.listReviews({ all: true })).reviews.find(({ id }) => id === action.id)?.afterReview)
        .toBe(true);
      for (const who of [lead, human("agent-owner")])
        expect(await refusal((await stack.as(who)).reviews.closeAfterReview(close)), who.id).toBe("PERMISSION_DENIED SELF_APPROVAL");
      const { action: closed } = await owner.reviews.closeAfterReview(close);
      expect(closed?.afterReview).toBe(AfterReviewState.CLOSED);
      expect(await whole()).toMatchObject({ afterReview: { closedBy: { id: "data-owner" }, findingReason: "it was full" } });
      await expect
        .poll(async () => (await owner.reviews.listReviews({ all: true })).reviews.find(({ id }) => id === action.id))
        .toBeUndefined();
    });

    it("the requester's own human only where policy says so", async () => {
      const { stack } = world();
      const { action } = await (await stack.as(THROUGH)).requestAction(RESTORE);
      const shown = await shownTo(await stack.as("operator"), action.id);
      const asOwner = await stack.as({ ...human("data-owner"), mfa: true });
      const { action: broken } = await asOwner.reviews.breakGlass({ ...shown, reason: REASON });
      expect(statusName(broken?.status ?? 0)).toBe("APPROVED");
      const close = { actionId: action.id, finding: AfterReviewFinding.JUSTIFIED, reason: "mine" };
      expect(await refusal(asOwner.reviews.closeAfterReview(close))).toBe("PERMISSION_DENIED SELF_APPROVAL");
    });
  });
}
