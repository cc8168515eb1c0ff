import { DirectoryUnreachableError } from "@countersign/directory-client";
import { samplePerson } from "@countersign/directory-client/testing";
import { ActionStatus } from "@countersign/proto/v1/action_pb";
import { beforeEach, describe, expect, it } from "vitest";
import { refusal } from "../testing/ask.ts";
import { ann, bob, exporter, owner, principal, sponsor, verdict, stage, TERMS } from "../testing/fixtures.ts";
import { exportInput, shownOf, testApproval, type TestApproval } from "../testing/test-approval.ts";
import type { Principal } from "../domain/principal.ts";
import { eraseContent } from "./erase-content.ts";

const officer = principal("officer", { roles: ["privacy_officer"], signIn: "mfa" });
const REASON = "asked for by the person";
const approve = { decision: { case: "approve", value: { reason: "fine" } } } as const;
const reject = { decision: { case: "reject", value: { reason: "not today" } } } as const;

let world: TestApproval;
beforeEach(async () => {
  world = await testApproval();
});

async function request(on = world, answer = verdict("review"), idempotencyKey = "k") {
  on.answer = answer;
  const { action, grantToken } = await on.call("RequestAction", { input: exportInput, idempotencyKey });
  if (action === undefined) throw new Error("no action");
  return { action, grantToken, actionId: action.id, shown: shownOf(action) };
}

async function rejected(on = world) {
  const asked = await request(on);
  await on.call("SubmitVote", { ...asked.shown, ...reject }, ann);
  return asked;
}

const erase = (actionId: string, more: { force?: boolean; dryRun?: boolean } = {}, caller = officer, on = world) =>
  on.call("EraseContent", { actionId, reason: REASON, ...more }, caller);

/** Everything that the log keeps beside its entries of this action, as text. */
async function kept(actionId: string): Promise<string> {
  const contents = await world.log.readContents({ tenant: "acme", type: "action", id: actionId });
  return [...contents.values()].map(({ body }) => Buffer.from(body).toString()).join("\n");
}

describe("erasing an action's contents", () => {
  it("P6: takes the texts and the salts away, says so in the log, and keeps what was decided", async () => {
    const { actionId } = await rejected();
    const before = await world.call("GetAction", { actionId });
    const { erasure } = await erase(actionId);
    expect(erasure?.contents.map(({ namedBy, streamVersion }) => `${namedBy} ${streamVersion}`)).toEqual([
      "ActionRequested.input 1",
      "VoteCast.reason 4",
    ]);
    expect(erasure?.remaining.length).toBeGreaterThan(3);
    expect(await kept(actionId)).toBe(REASON);
    const [event] = await world.log.readAll({ from: Number(erasure?.position), limit: 1 });
    expect(event).toMatchObject({ type: "ContentErased", actor: { id: "officer" }, stream: { id: actionId } });
    const { action } = await world.call("GetAction", { actionId });
    expect(action).toMatchObject({ status: ActionStatus.REJECTED, digest: before.action?.digest, salt: new Uint8Array() });
    expect(action?.input).toBeUndefined();
    expect(action?.review?.votes.map(({ reason }) => reason)).toEqual([""]);
  });

  it("again changes nothing, and takes what was typed since", async () => {
    const { actionId } = await request();
    await erase(actionId, { force: true });
    expect((await erase(actionId, { force: true })).erasure).toMatchObject({ contents: [] });
    const events = await world.log.nextPosition();
    await world.call("CancelAction", { actionId, reason: "typed afterwards" });
    expect((await erase(actionId)).erasure?.contents.map(({ namedBy }) => namedBy)).toEqual(["ActionCancelled.reason"]);
    expect(await world.log.nextPosition()).toBe(events + 2);
    expect(await kept(actionId)).toBe(`${REASON}\n${REASON}`);
  });

  it("a dry run tells what would go, and nothing does", async () => {
    const { actionId } = await rejected();
    const events = await world.log.nextPosition();
    const { erasure } = await erase(actionId, { dryRun: true });
    expect(erasure).toMatchObject({ contents: [{ namedBy: "ActionRequested.input" }, { namedBy: "VoteCast.reason" }] });
    expect(erasure?.position).toBeUndefined();
    expect(await world.log.nextPosition()).toBe(events);
    expect(await kept(actionId)).toContain("asked by sales");
    expect((await world.call("GetAction", { actionId })).action?.input).toMatchObject(exportInput);
  });

  it("P3, P7: is refused for an action under way, weak sign-ins, agents, and whoever had a part in it", async () => {
    const { actionId } = await request();
    const strong = { roles: ["privacy_officer"], signIn: "mfa" } as const;
    const twoOf = principal("clerk", { ...strong, chain: [{ issuer: officer.issuer, id: "x" }] });
    await expect(erase(actionId)).rejects.toEqual(refusal("WRONG_STATE"));
    await expect(erase(actionId, { dryRun: true })).rejects.toEqual(refusal("WRONG_STATE"));
    await world.call("SubmitVote", { ...shownOf((await world.call("GetAction", { actionId })).action!), ...reject }, ann);
    await expect(erase(actionId, {}, { ...officer, signIn: "session" })).rejects.toEqual(refusal("SIGN_IN_TOO_WEAK"));
    await expect(erase(actionId, {}, principal("bot", { type: "agent" }))).rejects.toEqual(refusal("NOT_HUMAN"));
    await expect(erase(actionId, {}, twoOf)).rejects.toEqual(refusal("NOT_HUMAN"));
    for (const part of [sponsor, owner, ann])
      await expect(erase(actionId, {}, { ...part, signIn: "mfa" })).rejects.toEqual(refusal("SELF_APPROVAL"));
    await expect(erase(actionId, {}, { ...exporter, type: "service", chain: [] })).rejects.toEqual(refusal("SELF_APPROVAL"));
    await expect(erase(actionId, {}, { ...officer, tenant: "rival" })).rejects.toEqual(refusal("NOT_FOUND"));
    expect(await kept(actionId)).toContain("asked by sales");
  });
});

describe("P3, P7: somebody with two accounts", () => {
  const eraseAs = async (actionId: string, resolvePerson: TestApproval["deps"]["directory"]["resolvePerson"]) => {
    const deps = { ...world.deps, directory: { resolvePerson } };
    const given = { ref: { tenant: "acme", id: actionId }, reason: REASON, force: false, dryRun: false };
    return eraseContent(deps, { principal: officer, traceparent: "" }, given);
  };
  const person = (...principals: readonly Principal[]) => samplePerson({ id: "p", displayName: "p", principals });

  it("does not erase with one what it asked for or decided with the other", async () => {
    const { actionId } = await rejected();
    for (const other of [ann, exporter, owner]) {
      const erased = await eraseAs(actionId, async () => ({ managed: true, person: person(officer, other) }));
      expect(erased).toMatchObject({ outcome: "refused", code: "SELF_APPROVAL" });
    }
    const stranger = await eraseAs(actionId, async () => ({ managed: true, person: person(officer, bob) }));
    expect(stranger).toMatchObject({ outcome: "erased" });
  });

  it("erases nothing while the directory does not say who it is", async () => {
    const { actionId } = await rejected();
    const erased = await eraseAs(actionId, async () => {
      throw new DirectoryUnreachableError("gone");
    });
    expect(erased).toMatchObject({ outcome: "refused", code: "DIRECTORY_UNREACHABLE" });
    expect(await kept(actionId)).toContain("asked by sales");
  });
});

describe("P7: what was erased is decided by nobody", () => {
  it("neither approved nor rejected while in review; it ends by its deadline or its requester", async () => {
    const { actionId } = await request();
    await erase(actionId, { force: true });
    const shown = shownOf((await world.call("GetAction", { actionId })).action!);
    for (const vote of [approve, reject])
      await expect(world.call("SubmitVote", { ...shown, ...vote }, ann)).rejects.toEqual(refusal("CONTENT_ERASED"));
    const edit = { decision: { case: "edit", value: { properties: { table: "none" }, reason: "x" } } } as const;
    await expect(world.call("SubmitVote", { ...shown, ...edit }, ann)).rejects.toEqual(refusal("CONTENT_ERASED"));
    const { action } = await world.call("CancelAction", { actionId, reason: "" });
    expect(action?.status).toBe(ActionStatus.CANCELLED);
  });

  it("an edited form that is gone is not accepted", async () => {
    const { actionId, shown } = await request(
      world,
      verdict("review", { terms: { ...TERMS, editable: JSON.stringify({ limit: { type: "integer", maximum: 10 } }) } }),
    );
    const edit = { decision: { case: "edit", value: { properties: { table: "customers", limit: 5 }, reason: "less" } } } as const;
    const edited = await world.call("SubmitVote", { ...shown, ...edit }, ann);
    await erase(actionId, { force: true });
    await expect(world.call("AcceptEdit", { actionId, digest: edited.action!.digest })).rejects.toEqual(refusal("CONTENT_ERASED"));
  });

  it("a grant that people gave before is redeemed all the same: redemption compares digests", async () => {
    const { grantToken, actionId, action } = await request(world, verdict("allow"));
    await erase(actionId, { force: true });
    await world.call("RedeemGrant", { grantToken, digest: action.digest, idempotencyKey: "r" });
    expect((await world.call("GetAction", { actionId })).action?.status).toBe(ActionStatus.REDEEMED);
  });

  it("the retry of a redemption gets the same receipt: that holds nothing to erase", async () => {
    const { grantToken, actionId, action } = await request(world, verdict("allow"));
    const redeem = { grantToken, digest: action.digest, idempotencyKey: "r" };
    const receipt = await world.call("RedeemGrant", redeem);
    await erase(actionId, { force: true });
    expect(await world.call("RedeemGrant", redeem)).toEqual(receipt);
  });

  it("a no still takes a grant back", async () => {
    const { actionId, shown } = await request(world, verdict("review", { stages: [stage(["oncall"])] }));
    await world.call("SubmitVote", { ...shown, ...approve }, ann);
    await erase(actionId, { force: true });
    const now = shownOf((await world.call("GetAction", { actionId })).action!);
    const { action } = await world.call("SubmitVote", { ...now, ...reject }, bob);
    expect(action?.status).toBe(ActionStatus.REVOKED);
  });
});

describe("P4: keys after an erasure", () => {
  it("a repetition is told that the content is gone, whatever it asks, and records nothing", async () => {
    const { actionId } = await rejected();
    await erase(actionId);
    const events = await world.log.nextPosition();
    for (const input of [exportInput, { ...exportInput, resource: { type: "db", id: "guessed" } }])
      await expect(world.call("RequestAction", { input, idempotencyKey: "k" })).rejects.toEqual(refusal("CONTENT_ERASED"));
    expect(await world.log.nextPosition()).toBe(events);
  });

  it("P8: what is kept for a key cannot be guessed back to what was asked", async () => {
    const { actionId } = await request();
    const reply = await world.log.findReply("acme", JSON.stringify(["RequestAction", exporter.issuer, exporter.id]), "k");
    expect(Buffer.from(reply?.reply ?? []).toString()).toMatch(new RegExp(`^${actionId} [0-9]+$`));
    expect(Object.keys(reply ?? {}).toSorted()).toEqual(["ledger", "reply"]);
  });
});

describe("two instances on one log", () => {
  it("P6: the other one answers without what was erased, also for an action that had ended before it looked", async () => {
    const there = await testApproval(world.log);
    const { actionId, action } = await rejected();
    const read = async () => (await there.call("GetAction", { actionId })).action;
    expect((await read())?.input).toMatchObject(exportInput);
    await erase(actionId);
    expect((await read())?.input).toBeUndefined();
    const known = await there.deps.store.load({ tenant: "acme", id: actionId });
    expect([...known.view.contents.keys()]).toHaveLength(1);
    expect(known.view.state.version).toBeGreaterThan(Number(action.version));
  });

  it("P7: a vote at the one that has not heard of the erasure is refused", async () => {
    const there = await testApproval(world.log);
    const { actionId, shown } = await request();
    await there.call("GetReview", { actionId }, ann);
    await erase(actionId, { force: true });
    await expect(there.call("SubmitVote", { ...shown, ...approve }, ann)).rejects.toEqual(refusal("CONTENT_ERASED"));
  });
});
