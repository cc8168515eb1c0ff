import { ActionStatus, type Action } from "@countersign/proto/v1/action_pb";
import { EventLogError } from "@countersign/event-log";
import { createMemoryEventLog } from "@countersign/event-log/testing";
import { beforeEach, describe, expect, it } from "vitest";
import type { Principal } from "../domain/principal.ts";
import { ann, exporter, ref, T0, verdict } from "../testing/fixtures.ts";
import { memoryOpenRequests } from "../testing/memory-open-requests.ts";
import type { OpenRequests } from "./ports.ts";
import { exportInput, shownOf, testApproval, type TestApproval } from "../testing/test-approval.ts";

/** Two instances of approval on one log. */
let worlds: readonly [TestApproval, TestApproval];
let keys = 0;

beforeEach(async () => {
  const log = createMemoryEventLog({ ledger: "main" });
  const open = memoryOpenRequests();
  worlds = [await testApproval(log, undefined, open), await testApproval(log, undefined, open)];
  for (const world of worlds) world.answer = verdict("review");
});

type Given = { readonly key?: string; readonly caller?: Principal; readonly context?: Record<string, string>; readonly instance?: 0 | 1 };

async function ask({ key = `key-${(keys += 1)}`, caller = exporter, context = {}, instance = 0 }: Given = {}): Promise<Action> {
  const input = { ...exportInput, context: { ...exportInput.context, run_id: "run-1", ...context } };
  const { action } = await worlds[instance].call("RequestAction", { input, idempotencyKey: key }, caller);
  if (action === undefined) throw new Error("no action");
  return action;
}

const types = async () => (await worlds[0].log.readAll({ from: 0, limit: 1000 })).map(({ type }) => type);
const approve = { decision: { case: "approve", value: { reason: "fine" } } } as const;

describe("the same request while people look at it", () => {
  it("joins the open review, at whichever instance, and says how often it was asked for", async () => {
    const first = await ask();
    const second = await ask({ instance: 1 });
    expect(second).toMatchObject({ id: first.id, digest: first.digest, status: ActionStatus.IN_REVIEW, version: 4n, review: { asked: 2 } });
    expect(await types()).toEqual(["ActionRequested", "VerdictReached", "ReviewOpened", "ReviewJoined"]);
  });

  it("may bring other words that the digest does not cover; reviewers decide on what they were shown", async () => {
    const first = await ask();
    await ask({ context: { justification: "asked by sales, really" } });
    await worlds[0].call("SubmitVote", { ...shownOf(first), ...approve }, ann);
    const { action } = await worlds[0].call("GetAction", { actionId: first.id });
    expect(action).toMatchObject({ status: ActionStatus.APPROVED, input: exportInput, review: { asked: 2 } });
  });

  it("P2: whoever joined gets the same grant, which is redeemed once", async () => {
    const first = await ask();
    const second = await ask();
    await worlds[0].call("SubmitVote", { ...shownOf(first), ...approve }, ann);
    const tokens = await Promise.all([first, second].map(({ id }) => worlds[0].call("GetAction", { actionId: id })));
    expect(tokens[0]?.grantToken).not.toBe("");
    expect(tokens[1]?.grantToken).toBe(tokens[0]?.grantToken);
    const redeem = { grantToken: tokens[0]?.grantToken ?? "", digest: first.digest };
    await worlds[0].call("RedeemGrant", { ...redeem, idempotencyKey: "one" });
    await expect(worlds[1].call("RedeemGrant", { ...redeem, idempotencyKey: "two" })).rejects.toMatchObject({ reason: "GRANT_REDEEMED" });
    expect((await types()).filter((type) => type === "GrantIssued")).toHaveLength(1);
  });

  it.each<[string, Given]>([
    ["in another run", { context: { run_id: "run-2" } }],
    ["in no run that it names", { context: { run_id: "" } }],
    ["with another context that the digest covers", { context: { environment: "staging" } }],
    ["P3: for somebody else", { caller: { ...exporter, chain: [ref("eve")] } }],
    ["P8: in another tenant", { caller: { ...exporter, tenant: "globex" } }],
    ["with another owner", { caller: { ...exporter, owner: ref("eve") } }],
  ])("is another request: %s", async (_, given) => {
    expect((await ask(given)).id).not.toBe((await ask()).id);
    expect(await types()).not.toContain("ReviewJoined");
  });

  it.each([
    ["another rule", { rule: "other" }],
    ["another revision", { revision: 4 }],
  ])("is another request by %s of policy", async (_, more) => {
    const first = await ask();
    for (const world of worlds) world.answer = verdict("review", more);
    expect((await ask()).id).not.toBe(first.id);
  });

  it("P1: is decided by policy first: what it allows or denies by now joins nothing", async () => {
    await ask();
    for (const outcome of ["allow", "deny"] as const) {
      worlds[0].answer = verdict(outcome);
      expect((await ask()).review).toBeUndefined();
    }
  });

  it("opens a new review once the first has ended, which the next one joins", async () => {
    const first = await ask();
    await worlds[0].call("SubmitVote", { ...shownOf(first), decision: { case: "reject", value: { reason: "no" } } }, ann);
    const second = await ask();
    expect(second.id).not.toBe(first.id);
    expect((await ask({ instance: 1 })).id).toBe(second.id);
  });

  it("P4: a retry of each gets what that one was told then", async () => {
    const asks = [{ key: "one" }, { key: "two", context: { justification: "other words" } }, { key: "three" }];
    const told: Action[] = [];
    for (const each of asks) told.push(await ask(each));
    await worlds[0].call("SubmitVote", { ...shownOf(told[0]!), ...approve }, ann);
    for (const [index, each] of asks.entries()) expect(await ask({ ...each, instance: 1 })).toEqual(told[index]);
    await expect(ask({ key: "two" })).rejects.toMatchObject({ reason: "KEY_REUSED" });
    expect((await types()).filter((type) => type === "ReviewJoined")).toHaveLength(2);
    expect((await ask()).id).not.toBe(told[0]?.id);
  });

  it("is refused when it was asked for too often, with the action to watch; its retries are still answered", async () => {
    const first = await ask({ key: "first" });
    for (let times = 2; times <= 20; times += 1) await ask({ key: `again-${times}` });
    await expect(ask()).rejects.toMatchObject({ code: "RESOURCE_EXHAUSTED", reason: "ASKED_TOO_OFTEN", metadata: { action_id: first.id } });
    expect(await ask({ key: "again-20" })).toMatchObject({ id: first.id, review: { asked: 20 } });
    expect(await types()).toHaveLength(22);
  });

  it("P7: takes the place of one that died before it recorded anything", async () => {
    const { openRequests } = worlds[0].deps;
    const { hold }: OpenRequests = openRequests;
    const died: OpenRequests["hold"] = (request, id, instead) => hold(request, instead === undefined ? "died" : id, instead);
    Object.assign(openRequests, { hold: died });
    let waitedMs = 0;
    Object.assign(worlds[0].deps, { pause: async (ms: number) => void (waitedMs += ms) });
    const first = await ask();
    expect(first).toMatchObject({ status: ActionStatus.IN_REVIEW, version: 3n });
    // Its caller waits for 5 s, and its own append comes after this wait.
    expect(waitedMs).toBeLessThan(4000);
    expect((await ask()).id).toBe(first.id);
  });

  it("P7: waits for nobody who could not record its action", async () => {
    const { log, deps } = worlds[0];
    const { append } = log;
    const pauses: number[] = [];
    Object.assign(deps, { pause: async (ms: number) => void pauses.push(ms) });
    const late = async () => {
      throw new EventLogError("too_late", "nobody waits any more");
    };
    Object.assign(log, { append: late });
    await expect(ask()).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED", reason: "TIMEOUT" });
    Object.assign(log, { append });
    expect(await ask()).toMatchObject({ status: ActionStatus.IN_REVIEW, version: 3n });
    expect(pauses).toEqual([]);
  });

  it("P2: many at the same moment through both instances are one action", async () => {
    const replies = await Promise.all(Array.from({ length: 16 }, (_, index) => ask({ instance: index % 2 === 0 ? 0 : 1 })));
    expect(new Set(replies.map(({ id }) => id)).size).toBe(1);
    expect(replies.map(({ review }) => review?.asked).toSorted((a, b) => Number(a) - Number(b))).toEqual(
      Array.from({ length: 16 }, (_, index) => index + 1),
    );
  });
});

describe("a vote in haste", () => {
  it("says so, by what is shown and when the stage asked", async () => {
    const action = await ask();
    for (const world of worlds) world.now = T0 + 2000;
    await worlds[0].call("SubmitVote", { ...shownOf(action), ...approve }, ann);
    const { action: voted } = await worlds[0].call("GetAction", { actionId: action.id });
    expect(voted?.review?.votes[0]?.haste).toMatchObject({ availableSeconds: 2 });
    expect(voted?.review?.votes[0]?.haste?.neededSeconds).toBeGreaterThan(5);
  });
});
