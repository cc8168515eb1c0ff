import { actionDigest } from "@countersign/digest";
import { ActionStatus } from "@countersign/proto/v1/action_pb";
import { beforeEach, describe, expect, it } from "vitest";
import { addressOf } from "../adapters/grants/grant-token.ts";
import { ann, bob, exporter, MINUTE, principal, verdict, stage } from "../testing/fixtures.ts";
import { ask, refusal } from "../testing/ask.ts";
import { exportInput, testApproval, type TestApproval } from "../testing/test-approval.ts";

let world: TestApproval;

beforeEach(async () => {
  world = await testApproval();
});

describe("RequestAction", () => {
  it("answers an allow with the action and a token", async () => {
    const { action, grantToken } = await ask(world);
    expect(action).toMatchObject({
      status: ActionStatus.APPROVED,
      version: 4n,
      tenant: "acme",
      input: exportInput,
      bindingContext: ["environment"],
    });
    expect(action.digest).toEqual(new Uint8Array(actionDigest(action.salt, { tenant: "acme", ...exportInput }, ["environment"])));
    expect(addressOf(grantToken)).toEqual({ tenant: "acme", id: action.id });
  });

  it("answers a deny without a token", async () => {
    const { action, grantToken } = await ask(world, verdict("deny"));
    expect(action).toMatchObject({ status: ActionStatus.DENIED, version: 2n });
    expect(grantToken).toBe("");
  });

  it("asks policy about the caller itself when there is no subject", async () => {
    const { subject: _, ...input } = exportInput;
    await world.call("RequestAction", { input, idempotencyKey: "itself" });
    expect(world.questions[0]?.input?.subject).toMatchObject({ type: "agent", id: "exporter" });
  });

  it("keeps the token and everything that was typed out of the log", async () => {
    const { grantToken } = await ask(world);
    const events = await world.log.readAll({ from: 0, limit: 100 });
    const bytes = Buffer.concat(events.map((event) => event.entry));
    for (const secret of [grantToken, grantToken.split(".")[2]!, "asked by sales", "customers"]) expect(bytes.includes(secret)).toBe(false);
  });

  it("P4: a retry with the same key gets the same action and the same token, and records nothing", async () => {
    const first = await ask(world, verdict("allow"), "once");
    world.now += MINUTE;
    const again = await ask(world, verdict("deny"), "once");
    expect(again).toEqual(first);
    expect(await world.log.nextPosition()).toBe(4);
  });

  it("a retry gets what was answered then, without a token that is no longer good", async () => {
    const { action, grantToken } = await ask(world, verdict("allow"), "once");
    await world.call("RedeemGrant", { grantToken, digest: action.digest, idempotencyKey: "r" });
    expect(await ask(world, verdict("allow"), "once")).toMatchObject({ action, grantToken: "" });
  });

  it("P4: RequestAndWatch is the same action by the same key, and tells a retry how it is now", async () => {
    const { action: asked, shown } = await ask(world, verdict("review"), "once");
    const again = () => world.call("RequestAndWatch", { input: exportInput, idempotencyKey: "once" });
    expect(await again()).toMatchObject({
      action: { id: asked.id, status: ActionStatus.IN_REVIEW, version: asked.version },
      grantToken: "",
    });
    await world.call("SubmitVote", { ...shown, decision: { case: "approve", value: {} } }, ann);
    const { action, grantToken } = await again();
    expect(action).toMatchObject({ id: asked.id, status: ActionStatus.APPROVED });
    expect(addressOf(grantToken)).toEqual({ tenant: "acme", id: asked.id });
    expect((await ask(world, verdict("review"), "once")).action).toMatchObject({ status: ActionStatus.IN_REVIEW, version: asked.version });
    await world.call("RedeemGrant", { grantToken, digest: asked.digest, idempotencyKey: "r" });
    expect(await again()).toMatchObject({ action: { status: ActionStatus.REDEEMED }, grantToken: "" });
    const other = world.call("RequestAndWatch", { input: { ...exportInput, resource: { type: "db", id: "hr" } }, idempotencyKey: "once" });
    await expect(other).rejects.toEqual(refusal("KEY_REUSED"));
  });

  it("refuses a key that was used for another request", async () => {
    await ask(world, verdict("allow"), "once");
    const other = { ...exportInput, resource: { type: "db", id: "hr" } };
    await expect(world.call("RequestAction", { input: other, idempotencyKey: "once" })).rejects.toEqual(refusal("KEY_REUSED"));
  });

  it("P3: refuses a key that was used on somebody else's behalf, whom a replay would let approve", async () => {
    await ask(world, verdict("review"), "once");
    const forBob = { ...exporter, chain: [{ issuer: bob.issuer, id: bob.id }] };
    const again = world.call("RequestAction", { input: exportInput, idempotencyKey: "once" }, forBob);
    await expect(again).rejects.toEqual(refusal("KEY_REUSED"));
  });

  it("P8: two callers' and two tenants' keys never meet", async () => {
    await ask(world, verdict("allow"), "once");
    const others = [
      principal("other", { type: "agent" }),
      { ...exporter, issuer: "https://other.example" },
      { ...exporter, tenant: "rival" },
    ];
    const ids = await Promise.all(
      others.map(async (caller) => (await world.call("RequestAction", { input: exportInput, idempotencyKey: "once" }, caller)).action?.id),
    );
    expect(new Set(ids).size).toBe(3);
    expect(await world.log.nextPosition()).toBe(16);
  });

  it("P7: policy unreachable: recorded, not approved", async () => {
    const { action, grantToken } = await ask(world, "none");
    expect(action).toMatchObject({ status: ActionStatus.REQUESTED, version: 1n });
    expect(grantToken).toBe("");
  });

  it.each([
    ["an allow whose grant would not end", verdict("allow", { grantSeconds: 0 })],
    ["a review that nobody can decide", verdict("review", { stages: [] })],
    ["a review without groups", verdict("review", { stages: [stage([])] })],
    ["a review without quorum", verdict("review", { stages: [stage(["oncall"], 0)] })],
  ])("P7: verdict unusable: %s is none", async (_what, answer) => {
    expect((await ask(world, answer)).action.status).toBe(ActionStatus.REQUESTED);
  });

  it("refuses input without a name for what it does, or without a canonical form", async () => {
    const nameless = { ...exportInput, action: { name: "" } };
    await expect(world.call("RequestAction", { input: nameless, idempotencyKey: "k" })).rejects.toEqual(refusal("FIELD_VIOLATION"));
    await expect(world.call("RequestAction", { input: exportInput, idempotencyKey: "" })).rejects.toEqual(refusal("FIELD_VIOLATION"));
    expect(await world.log.nextPosition()).toBe(0);
  });
});
