import { describe, expect, it } from "vitest";
import { ActionStatus } from "@countersign/proto/v1/action_pb";
import { ann, bob, exporter, HOUR, MINUTE, principal, T0, verdict, stage } from "../testing/fixtures.ts";
import { exportInput, shownOf, testApproval } from "../testing/test-approval.ts";
import { cancelAction } from "./end-action.ts";
import { fireTimer } from "./fire-timer.ts";
import { readAction } from "./read-action.ts";

const approve = { decision: { case: "approve", value: { reason: "" } } } as const;
const twoOf = verdict("review", { stages: [stage(["oncall"], 2)] });

/** Two instances of approval on one log, each with a cache of its own. */
async function twoInstances() {
  const here = await testApproval();
  return { here, there: await testApproval(here.log) };
}

describe("two instances on one log", () => {
  it("P2: one that has not seen the other's redemption still refuses a second one", async () => {
    const { here, there } = await twoInstances();
    const { action, grantToken } = await here.call("RequestAction", { input: exportInput, idempotencyKey: "k" });
    const redeem = { grantToken, digest: action!.digest, idempotencyKey: "r" };
    const receipt = await there.call("RedeemGrant", redeem);
    await expect(here.call("RedeemGrant", { ...redeem, idempotencyKey: "r-2" })).rejects.toMatchObject({ reason: "GRANT_REDEEMED" });
    expect(await here.call("RedeemGrant", redeem)).toEqual(receipt);
  });

  it("P2: a grant that one has expired is not redeemed at another whose clock is slow and whose memory is old", async () => {
    const { here, there } = await twoInstances();
    const { action, grantToken } = await there.call("RequestAction", { input: exportInput, idempotencyKey: "k" });
    here.now += 5 * MINUTE;
    await fireTimer(here.deps, { tenant: "acme", id: action!.id }, "expire_grant", here.now);
    const redeem = { grantToken, digest: action!.digest, idempotencyKey: "r" };
    await expect(there.call("RedeemGrant", redeem)).rejects.toMatchObject({ reason: "GRANT_EXPIRED" });
  });

  it("never refuses from the cache alone", async () => {
    const { here, there } = await twoInstances();
    here.answer = verdict("review");
    const { action } = await here.call("RequestAction", { input: exportInput, idempotencyKey: "k" });
    const shown = shownOf(action!);
    await there.call("SubmitVote", { ...shown, ...approve }, ann);
    const { grantToken } = await there.call("GetAction", { actionId: action!.id });
    const receipt = await here.call("RedeemGrant", { grantToken, digest: action!.digest, idempotencyKey: "r" });
    expect(receipt.actionId).toBe(action!.id);
  });

  it("shows what the other one has done", async () => {
    const { here, there } = await twoInstances();
    here.answer = verdict("review");
    const { action } = await here.call("RequestAction", { input: exportInput, idempotencyKey: "k" });
    await there.call("CancelAction", { actionId: action!.id, reason: "never mind" });
    expect((await here.call("GetAction", { actionId: action!.id })).action?.status).toBe(ActionStatus.CANCELLED);
  });

  it("answers from memory only what is as new as the caller knows of", async () => {
    const { here, there } = await twoInstances();
    here.answer = verdict("review");
    const { action } = await here.call("RequestAction", { input: exportInput, idempotencyKey: "k" });
    await there.call("CancelAction", { actionId: action!.id, reason: "" });
    const read = async (knownVersion: bigint) =>
      (await readAction(here.deps, exporter, action!.id, Number(knownVersion)))?.view.state.status;
    expect(await read(action!.version)).toBe("IN_REVIEW");
    expect(await read(action!.version + 1n)).toBe("CANCELLED");
    expect(await read(0n)).toBe("CANCELLED");
  });

  it("P1: counts votes that arrive at both at the same moment, each once", async () => {
    const { here, there } = await twoInstances();
    here.answer = twoOf;
    const { action } = await here.call("RequestAction", { input: exportInput, idempotencyKey: "k" });
    const shown = shownOf(action!);
    const voters = [ann, bob, principal("dan", { groups: ["oncall"] }), principal("eve", { groups: ["oncall"] })];
    const votes = await Promise.allSettled(
      voters.map((voter, index) => (index % 2 ? here : there).call("SubmitVote", { ...shown, ...approve }, voter)),
    );
    expect(votes.filter((vote) => vote.status === "fulfilled")).toHaveLength(2);
    const types = (await here.log.readAll({ from: 0, limit: 100 })).map((event) => event.type);
    expect(types).toEqual(["ActionRequested", "VerdictReached", "ReviewOpened", "VoteCast", "VoteCast", "ActionApproved", "GrantIssued"]);
  });

  it("gives up after a bounded number of lost races", async () => {
    const world = await testApproval();
    world.answer = verdict("review");
    const { action } = await world.call("RequestAction", { input: exportInput, idempotencyKey: "k" });
    const { store } = world.deps;
    const losing = { ...world.deps, store: { ...store, commit: async () => ({ outcome: "conflict" }) as const } };
    const ref = { tenant: "acme", id: action!.id };
    const handled = await cancelAction(losing, { principal: exporter, traceparent: "" }, { ref, reason: "" });
    expect(handled).toEqual({ outcome: "lost_race" });
  });
});

describe("fireTimer", () => {
  async function pending() {
    const { here, there } = await twoInstances();
    here.answer = undefined;
    const { action } = await here.call("RequestAction", { input: exportInput, idempotencyKey: "k" });
    return { here, there, ref: { tenant: "acme", id: action!.id } };
  }

  it("P7: keeps asking policy, then goes on as it says", async () => {
    const { here, ref } = await pending();
    expect(await fireTimer(here.deps, ref, "verdict_retry", here.now)).toEqual({ againBy: T0 + 24 * HOUR });
    here.answer = verdict("review");
    here.now += MINUTE;
    expect(await fireTimer(here.deps, ref, "verdict_retry", here.now)).toBe("done");
    const { action } = await here.call("GetAction", { actionId: ref.id });
    expect(action).toMatchObject({ status: ActionStatus.IN_REVIEW, version: 3n });
  });

  it("P1: records a verdict as of the time that policy judged it by", async () => {
    const { here, ref } = await pending();
    here.answer = verdict("review");
    here.now += MINUTE;
    const asked: number[] = [];
    const evaluate: typeof here.deps.policy.evaluate = async (question) => {
      asked.push(question.at);
      here.now += MINUTE;
      return here.deps.policy.evaluate(question);
    };
    const slow = { ...here.deps, policy: { ...here.deps.policy, evaluate } };
    expect(await fireTimer(slow, ref, "verdict_retry", here.now)).toBe("done");
    const events = await here.log.readStream({ tenant: "acme", type: "action", id: ref.id });
    expect([asked, events.find(({ type }) => type === "VerdictReached")?.time.getTime()]).toEqual([[T0 + MINUTE], T0 + MINUTE]);
  });

  it("P7: gives up on policy at the deadline", async () => {
    const { here, ref } = await pending();
    here.now += 24 * HOUR;
    here.answer = verdict("allow");
    expect(await fireTimer(here.deps, ref, "verdict_retry", here.now)).toBe("done");
    expect((await here.call("GetAction", { actionId: ref.id })).action?.status).toBe(ActionStatus.EXPIRED);
  });

  it("P4: two instances that fire the same timer make one event", async () => {
    const { here, there, ref } = await pending();
    here.now += 24 * HOUR;
    there.now += 24 * HOUR;
    const fired = await Promise.all([here, there, here, there].map((world) => fireTimer(world.deps, ref, "tend_review", here.now)));
    expect(fired).toEqual(["done", "done", "done", "done"]);
    expect(await here.log.nextPosition()).toBe(2);
  });

  it("P4: does what was due, though the clock has been set back since", async () => {
    const { here } = await twoInstances();
    const { action } = await here.call("RequestAction", { input: exportInput, idempotencyKey: "k" });
    const due = here.now + 5 * MINUTE;
    here.now -= MINUTE;
    expect(await fireTimer(here.deps, { tenant: "acme", id: action!.id }, "expire_grant", due)).toBe("done");
    expect((await here.call("GetAction", { actionId: action!.id })).action?.status).toBe(ActionStatus.GRANT_EXPIRED);
  });

  it("stays quiet about an action that went on", async () => {
    const { here } = await twoInstances();
    const { action, grantToken } = await here.call("RequestAction", { input: exportInput, idempotencyKey: "k" });
    await here.call("RedeemGrant", { grantToken, digest: action!.digest, idempotencyKey: "r" });
    const ref = { tenant: "acme", id: action!.id };
    here.now += 5 * MINUTE;
    expect(await fireTimer(here.deps, ref, "expire_grant", here.now)).toBe("done");
    expect(await fireTimer(here.deps, ref, "mark_unreported", here.now)).toBe("done");
    expect(await here.log.nextPosition()).toBe(5);
    here.now += HOUR;
    expect(await fireTimer(here.deps, ref, "mark_unreported", here.now)).toBe("done");
    expect((await here.call("GetAction", { actionId: ref.id })).action?.status).toBe(ActionStatus.UNREPORTED);
  });
});
