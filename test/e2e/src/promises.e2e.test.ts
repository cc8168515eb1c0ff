import { randomUUID } from "node:crypto";
import { digestOf, statusName, type CountersignClient } from "@countersign/client";
import { approve, approvedBy, refusal, shownTo } from "@countersign/client/testing";
import { DEVELOPMENT_PRINCIPALS, type DevelopmentPrincipal } from "@countersign/identity";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { discussion } from "./discussion.suite.ts";
import { DROP, EXPORT, ROTATION, TAG_CHANGE } from "./scenes.ts";
import { startStack, type Stack } from "./stack.ts";

let stack: Stack;
let agent: CountersignClient;
let owner: CountersignClient;
let dataOwner: CountersignClient;
let secondOwner: CountersignClient;
let operator: CountersignClient;

beforeAll(async () => {
  stack = await startStack();
  agent = await stack.as("crm-agent");
  owner = await stack.as("agent-owner");
  dataOwner = await stack.as("data-owner");
  secondOwner = await stack.as("second-data-owner");
  operator = await stack.as("operator");
});
afterAll(() => stack.close());

describe("P1: no grant without a decision that policy accepts, for one digest", () => {
  it("allows what policy allows, with rule and revision in the verdict", async () => {
    const { action, grantToken } = await agent.requestAction(TAG_CHANGE);
    expect(statusName(action.status)).toBe("APPROVED");
    expect(action.verdict?.rule).toBe("tag changes are harmless");
    expect(action.verdict?.revision).toBe(1n);
    expect(grantToken).not.toBe("");
  });

  it("denies what policy denies, and hands out nothing", async () => {
    const { action, grantToken } = await agent.requestAction(DROP);
    expect(statusName(action.status)).toBe("DENIED");
    expect(action.verdict?.reasons[0]).toContain("cannot be undone");
    expect(grantToken).toBe("");
    expect(action.grant).toBeUndefined();
  });

  it("grants nothing before the quorum of distinct people is reached", async () => {
    const runner = await stack.as("ci-runner");
    const lead = await stack.as("security-lead");
    const { action } = await runner.requestAction(ROTATION);
    await approve(lead, action.id);
    await approve(lead, action.id);
    expect((await runner.actions.getAction({ actionId: action.id })).grantToken).toBe("");
    await approve(await stack.as("security-engineer"), action.id);
    const decided = await runner.actions.getAction({ actionId: action.id });
    expect(statusName(decided.action?.status ?? 0)).toBe("APPROVED");
    expect(decided.grantToken).not.toBe("");
  });

  it("needs another approval after an edit, by somebody else", async () => {
    const { action } = await agent.requestAction(EXPORT);
    const shown = await shownTo(dataOwner, action.id);
    const smaller = { ...EXPORT.action.properties, limit: 5 };
    await dataOwner.reviews.submitVote({ ...shown, decision: { case: "edit", value: { properties: smaller, reason: "less" } } });
    const { action: waiting } = await agent.waitForDecision(action.id);
    expect(statusName(waiting.status)).toBe("EDITED");
    const form = { ...EXPORT, action: { name: "db.export", properties: smaller } };
    expect(await refusal(agent.acceptEdit(action.id, digestOf(waiting, EXPORT)))).toBe("FAILED_PRECONDITION STALE_DIGEST");
    await agent.acceptEdit(action.id, digestOf(waiting, form));
    expect(await refusal(secondOwner.reviews.submitVote({ ...shown, decision: { case: "approve", value: {} } }))).toBe(
      "FAILED_PRECONDITION STALE_DIGEST",
    );
    expect(await refusal(approve(dataOwner, action.id))).toBe("PERMISSION_DENIED SELF_APPROVAL");
    await approve(secondOwner, action.id);
    const { action: edited, grantToken } = await agent.waitForDecision(action.id);
    expect(await refusal(agent.redeem(grantToken, digestOf(edited, EXPORT)))).toBe("FAILED_PRECONDITION DIGEST_MISMATCH");
    await agent.redeem(grantToken, digestOf(edited, form));
  });
});

describe("P2: a grant is redeemed at most once", () => {
  it("by one of 64 who redeem at the same moment", async () => {
    const { action, grantToken } = await approvedBy(agent, [dataOwner], EXPORT);
    const digest = digestOf(action, EXPORT);
    const outcomes = await Promise.all(Array.from({ length: 64 }, () => refusal(agent.redeem(grantToken, digest))));
    expect(outcomes.filter((outcome) => outcome === "not refused")).toHaveLength(1);
    expect(new Set(outcomes)).toEqual(new Set(["not refused", "FAILED_PRECONDITION GRANT_REDEEMED"]));
  });

  it("only by the principal it was issued to, for its digest, with the right token", async () => {
    const { action, grantToken } = await agent.requestAction(TAG_CHANGE);
    const digest = digestOf(action, TAG_CHANGE);
    const runner = await stack.as("ci-runner");
    expect(await refusal(runner.redeem(grantToken, digest))).toBe("PERMISSION_DENIED NOT_GRANTEE");
    expect(await refusal(agent.redeem(grantToken, Buffer.alloc(32)))).toBe("FAILED_PRECONDITION DIGEST_MISMATCH");
    const [header, payload] = grantToken.split(".");
    expect(await refusal(agent.redeem(`${header}.${payload}.${Buffer.alloc(64).toString("base64url")}`, digest))).toContain(
      "GRANT_INVALID",
    );
    await agent.redeem(grantToken, digest);
  });

  it("and a retry with the same key gets the same receipt", async () => {
    const { action, grantToken } = await agent.requestAction(TAG_CHANGE);
    const options = { idempotencyKey: randomUUID() };
    const first = await agent.redeem(grantToken, digestOf(action, TAG_CHANGE), options);
    const again = await agent.redeem(grantToken, digestOf(action, TAG_CHANGE), options);
    expect(again).toEqual(first);
  });
});

describe("P3: nobody approves what they caused", () => {
  const chained: DevelopmentPrincipal = {
    ...DEVELOPMENT_PRINCIPALS["data-owner"],
    roles: ["requester", "reviewer"],
    act: { sub: "copilot", principal_type: "agent" },
  };

  it.each<[string, () => Promise<CountersignClient>, () => Promise<CountersignClient>, string]>([
    ["the requester", () => stack.as("data-owner"), () => stack.as("data-owner"), "SELF_APPROVAL"],
    ["the agent's owner", () => stack.as("crm-agent"), () => stack.as("agent-owner"), "SELF_APPROVAL"],
    ["the human that an agent acts for", () => stack.as(chained), () => stack.as("data-owner"), "SELF_APPROVAL"],
    [
      "an agent with a reviewer's groups",
      () => stack.as("crm-agent"),
      () => stack.as({ ...DEVELOPMENT_PRINCIPALS["crm-agent"], id: "other-agent", roles: ["reviewer"], groups: ["data-owners"] }),
      "NOT_HUMAN",
    ],
    ["an agent acting for a reviewer", () => stack.as("crm-agent"), () => stack.as(chained), "NOT_HUMAN"],
    ["a human outside of the groups", () => stack.as("crm-agent"), () => stack.as("security-lead"), "NOT_ELIGIBLE"],
  ])("%s", async (_who, requester, voter, reason) => {
    const { action } = await (await requester()).requestAction(EXPORT);
    expect(statusName(action.status)).toBe("IN_REVIEW");
    const vote = { ...(await shownTo(operator, action.id)), decision: { case: "approve", value: {} } } as const;
    expect(await refusal((await voter()).reviews.submitVote(vote))).toBe(`PERMISSION_DENIED ${reason}`);
    const { entries } = await operator.audit.getTimeline({ actionId: action.id });
    expect(entries.map(({ event }) => event?.type)).not.toContain("VoteCast");
  });
});

describe("the rest of the lifecycle", () => {
  it("a reject ends it, with the reason for the requester", async () => {
    const { action } = await agent.requestAction(EXPORT);
    await dataOwner.reviews.submitVote({
      ...(await shownTo(dataOwner, action.id)),
      decision: { case: "reject", value: { reason: "not this quarter" } },
    });
    const decided = await agent.waitForDecision(action.id);
    expect(statusName(decided.action.status)).toBe("REJECTED");
    expect(decided.action.reasons).toEqual(["not this quarter"]);
  });

  it("cancelling an undecided action ends it, cancelling an approved one revokes its grant", async () => {
    const undecided = await agent.requestAction(EXPORT);
    const cancelled = await agent.actions.cancelAction({ actionId: undecided.action.id, reason: "changed my mind" });
    expect(statusName(cancelled.action?.status ?? 0)).toBe("CANCELLED");
    const { action, grantToken } = await agent.requestAction(TAG_CHANGE);
    await agent.actions.cancelAction({ actionId: action.id });
    expect(await refusal(agent.redeem(grantToken, digestOf(action, TAG_CHANGE)))).toBe("FAILED_PRECONDITION GRANT_REVOKED");
  });

  it("a report is taken once; the same again is fine, another is not", async () => {
    const { action, grantToken } = await agent.requestAction(TAG_CHANGE);
    await agent.redeem(grantToken, digestOf(action, TAG_CHANGE));
    expect(statusName((await agent.report(action.id, { outcome: "succeeded" })).status)).toBe("SUCCEEDED");
    await agent.report(action.id, { outcome: "succeeded" });
    expect(await refusal(agent.report(action.id, { outcome: "failed" }))).toBe("FAILED_PRECONDITION REPORT_CONFLICT");
  });

  it("request with wait returns as soon as a human has decided", async () => {
    const key = randomUUID();
    const waiting = agent.requestAction(EXPORT, { idempotencyKey: key, waitMs: 20_000 });
    const { action } = await agent.requestAction(EXPORT, { idempotencyKey: key });
    await approve(dataOwner, action.id);
    const decided = await waiting;
    expect(decided.action.id).toBe(action.id);
    expect(statusName(decided.action.status)).toBe("APPROVED");
    expect(decided.grantToken).not.toBe("");
  });
});

describe("an agent that asks again and again", () => {
  it("P1, P2: joins the review that is open: one decision, one grant, one use", async () => {
    const input = { ...EXPORT, context: { ...EXPORT.context, run_id: randomUUID() } };
    const waiting = agent.requestAction(input, { waitMs: 20_000 });
    const asks = await Promise.all(Array.from({ length: 4 }, () => agent.requestAction(input)));
    const [{ action }] = asks as [(typeof asks)[0]];
    expect(new Set(asks.map((ask) => ask.action.id)).size).toBe(1);
    expect((await agent.requestAction({ ...input, context: { ...input.context, run_id: "another" } })).action.id).not.toBe(action.id);
    await vi.waitFor(async () => {
      const seen = await dataOwner.reviews.getReview({ actionId: action.id });
      expect(seen.action?.review?.asked).toBe(5);
    }, 20_000);
    await approve(dataOwner, action.id);
    const decided = await waiting;
    expect(decided.action.id).toBe(action.id);
    const { grantToken } = await agent.actions.getAction({ actionId: action.id });
    expect(grantToken).toBe(decided.grantToken);
    const used = await Promise.allSettled([1, 2].map(() => agent.redeem(grantToken, digestOf(action, input))));
    expect(used.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
    expect((await agent.requestAction(input)).action.id).not.toBe(action.id);
  });

  it("is refused in the end, and told which action to watch", async () => {
    const input = { ...EXPORT, context: { ...EXPORT.context, run_id: randomUUID() } };
    const { action } = await agent.requestAction(input);
    for (let times = 2; times <= 20; times += 1) await agent.requestAction(input);
    await expect(agent.requestAction(input)).rejects.toMatchObject({ reason: "ASKED_TOO_OFTEN", metadata: { action_id: action.id } });
  });
});

discussion(() => ({ stack, agent, dataOwner, secondOwner }));

describe("P4: what was acknowledged stays", () => {
  it("the same key and body is one action with one reply; another body is refused", async () => {
    const idempotencyKey = randomUUID();
    const [first, ...others] = await Promise.all(Array.from({ length: 8 }, () => agent.requestAction(TAG_CHANGE, { idempotencyKey })));
    for (const other of others) {
      expect(other.action.id).toBe(first?.action.id);
      expect(other.grantToken).toBe(first?.grantToken);
    }
    expect(await refusal(agent.requestAction(EXPORT, { idempotencyKey }))).toBe("ALREADY_EXISTS KEY_REUSED");
  });
});

describe("P5, P6: state is a function of the log, and the log is sound", () => {
  it("a rebuilt projection equals the live one byte for byte, and no flaw is found", async () => {
    const rebuilds = await operator.rebuild();
    expect(rebuilds.length).toBeGreaterThan(0);
    for (const rebuild of rebuilds) expect(rebuild).toMatchObject({ identical: true });
    const found: unknown[] = [];
    const { events, flaws } = await operator.fsck({ onFlaw: (flaw) => found.push(flaw) });
    expect(events).toBeGreaterThan(50n);
    expect({ flaws, found }).toEqual({ flaws: 0n, found: [] });
  });
});

describe("P8: a tenant never sees another one", () => {
  it("not its actions, reviews, timelines or events, by id or in lists", async () => {
    const { action } = await agent.requestAction(EXPORT);
    const stranger = await stack.as({
      id: "stranger",
      type: "human",
      tenant: "globex",
      roles: ["requester", "reviewer", "auditor", "operator", "policy_admin"],
      groups: ["data-owners"],
    });
    const actionId = action.id;
    expect(await refusal(stranger.actions.getAction({ actionId }))).toBe("NOT_FOUND NOT_FOUND");
    expect(await refusal(stranger.reviews.getReview({ actionId }))).toBe("NOT_FOUND NOT_FOUND");
    expect(await refusal(stranger.actions.cancelAction({ actionId }))).toBe("NOT_FOUND NOT_FOUND");
    expect(await refusal(approve(stranger, actionId))).toBe("NOT_FOUND NOT_FOUND");
    expect(await refusal(stranger.audit.getTimeline({ actionId }))).toBe("NOT_FOUND NOT_FOUND");
    expect((await stranger.actions.listActions({})).actions).toEqual([]);
    expect((await stranger.reviews.listReviews({ all: true })).reviews).toEqual([]);
    expect((await stranger.policies.listPolicyRevisions({})).revisions).toEqual([]);
    const seen = [];
    for await (const { event } of stranger.audit.streamEvents({})) seen.push(event);
    expect(seen).toEqual([]);
    expect(await refusal(stranger.requestAction({ ...TAG_CHANGE, subject: { type: "agent", id: "x" } }))).toBe("not refused");
  });

  it("nor does one tenant's operator work on the whole ledger", async () => {
    const roles = ["operator", "auditor"];
    const tenants = await stack.as({ id: "their-operator", type: "service", tenant: "globex", roles });
    expect(await refusal(tenants.fsck())).toBe("PERMISSION_DENIED ROLE_MISSING");
    expect(await refusal(tenants.rebuild())).toBe("PERMISSION_DENIED ROLE_MISSING");
    expect(await refusal(tenants.audit.startEpoch({}))).toBe("PERMISSION_DENIED ROLE_MISSING");
    expect(await refusal(tenants.audit.listDeadLetters({}))).toBe("not refused");
  });

  it("nor does an agent see another agent's action", async () => {
    const { action } = await agent.requestAction(EXPORT);
    const other = await stack.as({ ...DEVELOPMENT_PRINCIPALS["crm-agent"], id: "other-agent" });
    expect(await refusal(other.actions.getAction({ actionId: action.id }))).toBe("NOT_FOUND NOT_FOUND");
    expect((await other.actions.listActions({})).actions).toEqual([]);
  });
});

describe("P7: fail closed", () => {
  it("a tenant without a policy is denied", async () => {
    const stranger = await stack.as({ id: "bot", type: "agent", tenant: "initech", roles: ["requester"] });
    const { action, grantToken } = await stranger.requestAction(TAG_CHANGE);
    expect(statusName(action.status)).toBe("DENIED");
    expect(grantToken).toBe("");
  });

  it("the owner of the agent cannot help out either", async () => {
    const { action } = await agent.requestAction(EXPORT);
    expect(await refusal(approve(owner, action.id))).toBe("PERMISSION_DENIED SELF_APPROVAL");
  });
});
