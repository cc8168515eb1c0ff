import { AfterReviewFinding, CommentKind, ExecutionOutcome } from "@countersign/proto/v1/action_pb";
import { beforeEach, describe, expect, it } from "vitest";
import type { Principal } from "../domain/principal.ts";
import { ask } from "../testing/ask.ts";
import { ann, bob, exporter, principal, sponsor, verdict } from "../testing/fixtures.ts";
import { testApproval, type TestApproval } from "../testing/test-approval.ts";

let world: TestApproval;
beforeEach(async () => {
  world = await testApproval();
});

const approve = { decision: { case: "approve", value: { reason: "" } } } as const;
const reject = { decision: { case: "reject", value: { reason: "no" } } } as const;
const edit = { decision: { case: "edit", value: { properties: {}, reason: "smaller" } } } as const;
const report = { outcome: ExecutionOutcome.SUCCEEDED };
const close = { finding: AfterReviewFinding.JUSTIFIED, reason: "it was right" };
const REASON = "the database is full";
const remark = { kind: CommentKind.REMARK, text: "too late", idempotencyKey: "late" };

/** Everything that the error says of the state. */
const misplaced = (status: string, version: number, needs: string): unknown =>
  expect.objectContaining({
    code: "FAILED_PRECONDITION",
    reason: "WRONG_STATE",
    message: `The action is ${status}; this needs ${needs}.`,
    metadata: { status, version: String(version) },
  });

const SILENT: unknown = expect.objectContaining({
  reason: "WRONG_STATE",
  message: "The action is not in a state in which this is possible.",
  metadata: {},
});

describe("what the action's state refuses", () => {
  it("names the state, and the one that it would need, in whatever a reviewer or a requester does", async () => {
    const { action, shown } = await ask(world, verdict("review"));
    const { id: actionId } = action;
    await expect(world.call("ReportExecution", { actionId, ...report })).rejects.toEqual(misplaced("IN_REVIEW", 3, "REDEEMED"));
    await expect(world.call("CloseAfterReview", { actionId, ...close }, bob)).rejects.toEqual(
      misplaced("IN_REVIEW", 3, "an open after-review"),
    );
    await world.call("SubmitVote", { ...shown, ...reject }, ann);
    const cancelled = world.call("CancelAction", { actionId, reason: "" });
    await expect(cancelled).rejects.toEqual(misplaced("REJECTED", 5, "REQUESTED, IN_REVIEW, EDITED or APPROVED"));
    await expect(world.call("SubmitVote", { ...shown, ...approve }, bob)).rejects.toEqual(misplaced("REJECTED", 5, "IN_REVIEW"));
    await expect(world.call("SubmitVote", { ...shown, ...reject }, bob)).rejects.toEqual(misplaced("REJECTED", 5, "IN_REVIEW or APPROVED"));
    await expect(world.call("SubmitVote", { ...shown, ...edit }, bob)).rejects.toEqual(misplaced("REJECTED", 5, "IN_REVIEW"));
    await expect(world.call("BreakGlass", { ...shown, reason: REASON }, bob)).rejects.toEqual(misplaced("REJECTED", 5, "IN_REVIEW"));
    await expect(world.call("ClaimReview", { actionId }, bob)).rejects.toEqual(misplaced("REJECTED", 5, "IN_REVIEW"));
    await expect(world.call("AddComment", { actionId, ...remark }, bob)).rejects.toEqual(misplaced("REJECTED", 5, "IN_REVIEW"));
    await expect(world.call("AcceptEdit", { actionId, digest: action.digest })).rejects.toEqual(misplaced("REJECTED", 5, "EDITED"));
  });

  it("tells a reader who may erase what an erasure waits for", async () => {
    const { action } = await ask(world, verdict("review"));
    const erase = (caller: Principal) => world.call("EraseContent", { actionId: action.id, reason: "asked for" }, caller);
    const officer = principal("officer", { roles: ["privacy_officer"], signIn: "mfa" });
    await expect(erase({ ...officer, roles: ["privacy_officer", "auditor"] })).rejects.toEqual(
      misplaced("IN_REVIEW", 3, "an action that has ended, and its after-review too, or `force`"),
    );
  });

  it("P8: says no more than before to whoever may not see the action", async () => {
    const { action, shown } = await ask(world, verdict("review"));
    const { id: actionId } = action;
    const officer = principal("officer", { roles: ["privacy_officer"], signIn: "mfa" });
    await expect(world.call("EraseContent", { actionId, reason: "asked for" }, officer)).rejects.toEqual(SILENT);
    await world.call("SubmitVote", { ...shown, ...reject }, ann);
    await expect(world.call("AddComment", { actionId, ...remark }, { ...sponsor, roles: ["requester"] })).rejects.toEqual(SILENT);
    await expect(world.call("CancelAction", { actionId, reason: "" }, { ...exporter, chain: [] })).rejects.toMatchObject({
      reason: "NOT_REQUESTER",
      metadata: {},
    });
  });
});
