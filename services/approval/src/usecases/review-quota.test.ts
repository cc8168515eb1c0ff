import { createMemoryEventLog } from "@countersign/event-log/testing";
import { describe, expect, it } from "vitest";
import { ann, exporter, principal, verdict } from "../testing/fixtures.ts";
import { memoryOpenRequests } from "../testing/memory-open-requests.ts";
import { exportInput, shownOf, testApproval } from "../testing/test-approval.ts";
import { countedReviewQuota } from "./review-quota.ts";

/** A quota of two for `acme`, over a count that the test sets. */
function given() {
  const world = { now: 0, pending: 0, counts: 0, broken: false };
  const quota = countedReviewQuota({
    limitOf: (tenant) => (tenant === exporter.tenant ? 2 : Infinity),
    countPending: async () => {
      world.counts += 1;
      if (world.broken) throw new Error("away");
      return world.pending;
    },
    monotonicMs: () => world.now,
  });
  const take = () => quota.take(exporter.tenant);
  return { world, quota, take };
}

describe("the quota of pending reviews", () => {
  it("counts what was opened since it was counted", async () => {
    const { world, take } = given();
    expect([await take(), await take(), await take()]).toEqual([true, true, false]);
    expect(world.counts).toBe(1);
  });

  it("counts anew after a second, and does not forget what the count may not have yet", async () => {
    const { world, take } = given();
    await take();
    await take();
    world.now = 1000;
    expect(await take()).toBe(false);
    world.now = 2000;
    expect([await take(), await take()]).toEqual([true, true]);
    Object.assign(world, { now: 4000, pending: 2 });
    expect(await take()).toBe(false);
    expect(world.counts).toBe(4);
  });

  it("costs those without one nothing, and stops nobody when it cannot be counted", async () => {
    const { world, quota, take } = given();
    expect(await quota.take("globex")).toBe(true);
    expect(world.counts).toBe(0);
    world.broken = true;
    expect(await take()).toBe(true);
  });
});

describe("a request that would open one review too many", () => {
  const ask = (on: Awaited<ReturnType<typeof testApproval>>, run: string, key = run, caller = exporter) =>
    on.call("RequestAction", { input: { ...exportInput, context: { ...exportInput.context, run_id: run } }, idempotencyKey: key }, caller);

  it("is refused and leaves nothing behind; what joins, is repeated, or needs nobody goes on", async () => {
    const { world, quota } = given();
    const on = await testApproval(createMemoryEventLog({ ledger: "main" }), undefined, memoryOpenRequests(), quota);
    on.answer = verdict("review");
    const { action } = await ask(on, "one");
    await ask(on, "two");
    await expect(ask(on, "three")).rejects.toMatchObject({ code: "RESOURCE_EXHAUSTED", reason: "REVIEW_QUOTA" });
    expect((await ask(on, "two", "joins")).action?.review?.asked).toBe(2);
    expect((await ask(on, "one")).action?.id).toBe(action?.id);
    on.answer = verdict("allow");
    expect((await ask(on, "allowed")).grantToken).not.toBe("");
    on.answer = verdict("review");
    await ask(on, "elsewhere", "k", principal("exporter", { ...exporter, tenant: "globex" }));
    if (action === undefined) throw new Error("no action");
    await on.call("SubmitVote", { ...shownOf(action), decision: { case: "reject", value: { reason: "no" } } }, ann);
    // Its review is over, so it would open another one: a retry still gets the answer of its key.
    expect((await ask(on, "one")).action?.id).toBe(action.id);
    world.now = 5000;
    await ask(on, "three");
  });
});
