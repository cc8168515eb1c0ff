import type { Resolved } from "@countersign/directory-client";
import { samplePerson } from "@countersign/directory-client/testing";
import { decodeEvent } from "@countersign/events";
import { AfterReviewFinding, ExecutionOutcome } from "@countersign/proto/v1/action_pb";
import { describe, expect, it } from "vitest";
import { ann, exporter, principal, ref, stage, TERMS, verdict } from "../testing/fixtures.ts";
import { exportInput, shownOf, testApproval, type TestApproval } from "../testing/test-approval.ts";

const approve = { decision: { case: "approve", value: { reason: "" } } } as const;

async function inReview(answer = verdict("review")) {
  const world = await testApproval();
  world.answer = answer;
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

  it("P3: once for each principal, action and reason: nobody can fill the log, or hide one attempt behind many others", async () => {
    const { world, action, vote } = await inReview();
    const own = principal("owner", { groups: ["oncall"] });
    for (let time = 0; time < 8; time += 1) await world.call("SubmitVote", vote, { ...own, type: "agent" }).catch(() => {});
    await expect(world.call("SubmitVote", vote, own)).rejects.toMatchObject({ reason: "SELF_APPROVAL" });
    const crowd = ["zed", "yan", "xia"].flatMap((id) => [principal(id), principal(id), principal(id)]);
    await Promise.allSettled(crowd.map((one) => world.call("SubmitVote", vote, one)));
    const strangers = ["xia", "yan", "zed"].map((id) => `${id} NOT_ELIGIBLE`);
    const noted = (await refusals(world)).map((event) =>
      event.type === "VoteRefused" ? `${event.data.reviewer?.id} ${event.data.reason}` : "",
    );
    expect(new Set(noted)).toEqual(new Set(["owner NOT_HUMAN", "owner SELF_APPROVAL", ...strangers]));
    // Where an auditor looks for it.
    expect(await world.log.readStream({ tenant: "acme", type: "refusal", id: action.id })).toHaveLength(5);
  });

  it("P3: of a second vote of one human, and of an approval that may be by who caused it", async () => {
    const { world, action, vote } = await inReview(verdict("review", { stages: [stage(["oncall"], 2)] }));
    const person = (id: string) =>
      samplePerson({ id: "person-1", groups: ["oncall"], principals: [ref("ann"), ref("anna")], displayName: id });
    let known = ["owner", "sponsor"];
    const resolvePerson = async (_tenant: string, who: object): Promise<Resolved> => {
      const id = "principal" in who ? (who.principal as { readonly id: string }).id : "";
      return ["ann", "anna"].includes(id)
        ? { managed: true, person: person(id) }
        : { managed: true, person: undefined, known: known.includes(id) };
    };
    Object.assign(world.deps, { directory: { resolvePerson } });
    await world.call("SubmitVote", vote, ann);
    await expect(world.call("SubmitVote", vote, principal("anna"))).rejects.toMatchObject({ reason: "ALREADY_VOTED" });
    const next = await world.call("RequestAction", { input: exportInput, idempotencyKey: "next" });
    known = [];
    await expect(world.call("SubmitVote", { ...shownOf(next.action!), ...approve }, ann)).rejects.toMatchObject({
      reason: "CAUSER_UNKNOWN",
    });
    expect(await refusals(world)).toMatchObject([
      { data: { actionId: action.id, reviewer: { id: "anna" }, reason: "ALREADY_VOTED" } },
      { data: { actionId: next.action?.id, reviewer: { id: "ann" }, reason: "CAUSER_UNKNOWN" } },
    ]);
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
    for (let time = 0; time < 2; time += 1)
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
