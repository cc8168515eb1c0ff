import { decodeEvent } from "@countersign/events";
import { AfterReviewFinding, ExecutionOutcome } from "@countersign/proto/v1/action_pb";
import { describe, expect, it } from "vitest";
import { ann, exporter, principal, TERMS, verdict } from "../testing/fixtures.ts";
import { exportInput, shownOf, testApproval, type TestApproval } from "../testing/test-approval.ts";

const approve = { decision: { case: "approve", value: { reason: "" } } } as const;

async function inReview() {
  const world = await testApproval();
  world.answer = verdict("review");
  const { action } = await world.call("RequestAction", { input: exportInput, idempotencyKey: "k" });
  return { world, action: action!, vote: { ...shownOf(action!), ...approve } };
}

const refusals = async ({ log }: TestApproval) =>
  (await log.readAll({ from: 0, limit: 100 })).filter(({ stream }) => stream.type === "refusal").map(decodeEvent);

describe("a refusal leaves a trace", () => {
  it("P3: of who tried to vote and may not, without moving the action", async () => {
    const { world, action, vote } = await inReview();
    const stranger = principal("zed");
    await expect(world.call("SubmitVote", vote, exporter)).rejects.toMatchObject({ reason: "NOT_HUMAN" });
    await expect(world.call("SubmitVote", vote, stranger)).rejects.toMatchObject({ reason: "NOT_ELIGIBLE" });
    expect(await refusals(world)).toMatchObject([
      { type: "VoteRefused", data: { actionId: action.id, reviewer: { id: exporter.id }, reason: "NOT_HUMAN" } },
      { type: "VoteRefused", data: { actionId: action.id, reviewer: { id: stranger.id }, reason: "NOT_ELIGIBLE" } },
    ]);
    expect((await world.call("GetAction", { actionId: action.id })).action?.version).toBe(action.version);
    await world.call("SubmitVote", vote, ann);
  });

  it("P3: of who tried to close the after-review of its own break-glass", async () => {
    const world = await testApproval();
    const terms = { ...TERMS, breakGlass: { groups: ["oncall"], requester: false } };
    world.answer = verdict("review", { terms });
    const { action } = await world.call("RequestAction", { input: exportInput, idempotencyKey: "k" });
    const strong = { ...ann, signIn: "mfa" } as const;
    await world.call("BreakGlass", { ...shownOf(action!), reason: "the database is full" }, strong);
    const close = { actionId: action!.id, finding: AfterReviewFinding.JUSTIFIED, reason: "I say so" };
    await expect(world.call("CloseAfterReview", close, strong)).rejects.toMatchObject({ reason: "SELF_APPROVAL" });
    expect(await refusals(world)).toMatchObject([{ type: "VoteRefused", data: { reviewer: { id: ann.id }, reason: "SELF_APPROVAL" } }]);
  });

  it("P3: of a self-approval", async () => {
    const { world, action } = await requestedBy(ann);
    await expect(world.call("SubmitVote", { ...shownOf(action), ...approve }, ann)).rejects.toMatchObject({ reason: "SELF_APPROVAL" });
    expect(await refusals(world)).toMatchObject([{ data: { reviewer: { id: ann.id }, reason: "SELF_APPROVAL" } }]);
  });

  it("five times for each principal and action, so that nobody can fill the log", async () => {
    const { world, vote } = await inReview();
    for (let time = 0; time < 8; time += 1) await world.call("SubmitVote", vote, exporter).catch(() => {});
    await Promise.allSettled(Array.from({ length: 8 }, () => world.call("SubmitVote", vote, principal("zed"))));
    const noted = (await refusals(world)).map((event) => (event.type === "VoteRefused" ? event.data.reviewer?.id : ""));
    expect(noted.filter((id) => id === exporter.id)).toHaveLength(5);
    expect(noted.filter((id) => id === "zed").length).toBeLessThanOrEqual(5);
  });

  it("never of mistakes, races, or actions that there are not", async () => {
    const { world, vote } = await inReview();
    const stale = { ...vote, digest: new Uint8Array(32).fill(1) };
    await expect(world.call("SubmitVote", stale, ann)).rejects.toMatchObject({ reason: "STALE_DIGEST" });
    const unknown = { ...vote, actionId: "018f0000-0000-7000-8000-000000000000" };
    await expect(world.call("SubmitVote", unknown, exporter)).rejects.toMatchObject({ reason: "NOT_FOUND" });
    expect(await refusals(world)).toEqual([]);
  });

  it("P7: and is the same refusal when it cannot be recorded", async () => {
    const { world, vote } = await inReview();
    const { readStream } = world.log;
    world.log.readStream = (stream, after) =>
      stream.type === "refusal" ? Promise.reject(new Error("no log")) : readStream.call(world.log, stream, after);
    await expect(world.call("SubmitVote", vote, exporter)).rejects.toMatchObject({ reason: "NOT_HUMAN" });
  });

  it("of a second report that says another thing, with both outputs", async () => {
    const world = await testApproval();
    const { action, grantToken } = await world.call("RequestAction", { input: exportInput, idempotencyKey: "k" });
    await world.call("RedeemGrant", { grantToken, digest: action!.digest, idempotencyKey: "r" });
    const report = { actionId: action!.id, outcome: ExecutionOutcome.SUCCEEDED, outputDigest: new Uint8Array(32).fill(1) };
    await world.call("ReportExecution", report);
    await world.call("ReportExecution", report);
    const other = { ...report, outputDigest: new Uint8Array(32).fill(2) };
    await expect(world.call("ReportExecution", other)).rejects.toMatchObject({ reason: "REPORT_CONFLICT" });
    const outputs = { recordedOutputDigest: report.outputDigest, refusedOutputDigest: other.outputDigest };
    expect(await refusals(world)).toMatchObject([{ type: "ReportRefused", data: { actionId: action!.id, ...outputs } }]);
  });
});

async function requestedBy(requester: typeof ann) {
  const world = await testApproval();
  world.answer = verdict("review");
  const { action } = await world.call("RequestAction", { input: exportInput, idempotencyKey: "k" }, requester);
  return { world, action: action! };
}
