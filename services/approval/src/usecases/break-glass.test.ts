import { createPublicKey, verify } from "node:crypto";
import { ActionStatus, AfterReviewFinding, AfterReviewState } from "@countersign/proto/v1/action_pb";
import { beforeEach, describe, expect, it } from "vitest";
import { voteText } from "../adapters/grants/signer.ts";
import { fromRecordedEvent } from "../adapters/log/event-codec.ts";
import { refusal } from "../testing/ask.ts";
import { ann, bob, HOUR, principal, stage, TERMS, verdict } from "../testing/fixtures.ts";
import { config, exportInput, privatePem, shownOf, testApproval, type TestApproval } from "../testing/test-approval.ts";

const REASON = "the database is full, and nobody answers";
const eve = principal("eve", { groups: ["security"], roles: ["reviewer"], signIn: "mfa" });
let world: TestApproval;

beforeEach(async () => {
  world = await testApproval();
  const breakGlass = { groups: ["security"], requester: false };
  world.answer = verdict("review", { stages: [stage(["oncall"], 2)], terms: { ...TERMS, breakGlass } });
});

async function request() {
  const { action } = await world.call("RequestAction", { input: exportInput, idempotencyKey: "k" });
  if (action === undefined) throw new Error("no action");
  return { action, shown: shownOf(action) };
}

describe("BreakGlass", () => {
  it("P1: the requester gets its grant, and the action says that nobody has looked at it", async () => {
    const { action, shown } = await request();
    const { action: after } = await world.call("BreakGlass", { ...shown, reason: REASON }, eve);
    expect(after).toMatchObject({ status: ActionStatus.APPROVED, afterReview: AfterReviewState.OPEN });
    const { action: whole, grantToken } = await world.call("GetAction", { actionId: action.id });
    expect(whole?.afterReview).toMatchObject({
      state: AfterReviewState.OPEN,
      usedBy: { id: "eve" },
      reason: REASON,
      skipped: [{ stage: 0, quorumText: "2 of oncall" }],
    });
    await world.call("RedeemGrant", { grantToken, digest: action.digest, idempotencyKey: "r" });
    const { action: redeemed } = await world.call("GetAction", { actionId: action.id });
    expect(redeemed).toMatchObject({ status: ActionStatus.REDEEMED, afterReview: { state: AfterReviewState.OPEN } });
    // A retry is quiet.
    await world.call("BreakGlass", { ...shown, reason: REASON }, eve);
    expect((await world.log.readAll({ from: 0, limit: 100 })).map(({ type }) => type)).toEqual([
      "ActionRequested",
      "VerdictReached",
      "ReviewOpened",
      "BreakGlassUsed",
      "ActionApproved",
      "GrantIssued",
      "GrantRedeemed",
    ]);
  });

  it("P6: is signed as what it is, over what was shown", async () => {
    const { action, shown } = await request();
    await world.call("BreakGlass", { ...shown, reason: REASON }, eve);
    const recorded = (await world.log.readAll({ from: 0, limit: 100 })).find(({ type }) => type === "BreakGlassUsed");
    if (recorded === undefined) throw new Error("not recorded");
    const event = fromRecordedEvent(recorded);
    if (event.type !== "BreakGlassUsed") throw new Error(event.type);
    const { digest, shownDigest, reviewer, stage: index, at, signature } = event;
    const said = { tenant: "acme", actionId: action.id, digest, shownDigest, reviewer, decision: "break_glass", stage: index, at } as const;
    const key = createPublicKey(privatePem);
    expect(verify(null, Buffer.from(voteText(said)), key, Buffer.from(signature, "hex"))).toBe(true);
    expect(verify(null, Buffer.from(voteText({ ...said, decision: "approve" })), key, Buffer.from(signature, "hex"))).toBe(false);
    expect(event.keyId).toBe(config.grantKeys.keyId);
    expect(Buffer.from(recorded.entry).includes(REASON)).toBe(false);
  });

  it.each(["", "fire", "         fire      "])("a reason that says nothing is none: %o", async (reason) => {
    const { shown } = await request();
    await expect(world.call("BreakGlass", { ...shown, reason }, eve)).rejects.toEqual(refusal("FIELD_VIOLATION"));
  });

  it("P7: nobody else, and nothing else", async () => {
    const { shown } = await request();
    const broken = (more: object, who = eve) => world.call("BreakGlass", { ...shown, reason: REASON, ...more }, who);
    await expect(broken({}, ann)).rejects.toEqual(refusal("NOT_ELIGIBLE"));
    await expect(broken({}, { ...eve, signIn: "session" })).rejects.toEqual(refusal("SIGN_IN_TOO_WEAK"));
    await expect(broken({}, { ...eve, tenant: "globex" })).rejects.toEqual(refusal("NOT_FOUND"));
    await expect(broken({ digest: new Uint8Array(32) })).rejects.toEqual(refusal("STALE_DIGEST"));
    await expect(broken({ shownDigest: new Uint8Array(32) })).rejects.toEqual(refusal("STALE_VIEW"));
  });
});

describe("CloseAfterReview", () => {
  it("another reviewer says what it was, also long after the action has ended", async () => {
    const { action, shown } = await request();
    await world.call("BreakGlass", { ...shown, reason: REASON }, eve);
    await world.call("CancelAction", { actionId: action.id });
    world.now += 48 * HOUR;
    const close = { actionId: action.id, finding: AfterReviewFinding.NOT_JUSTIFIED, reason: "there was time" };
    await expect(world.call("CloseAfterReview", close, eve)).rejects.toEqual(refusal("SELF_APPROVAL"));
    await expect(world.call("CloseAfterReview", { ...close, finding: 0 }, bob)).rejects.toEqual(refusal("FIELD_VIOLATION"));
    await expect(world.call("CloseAfterReview", { ...close, reason: "" }, bob)).rejects.toEqual(refusal("REASON_REQUIRED"));
    const { action: closed } = await world.call("CloseAfterReview", close, bob);
    expect(closed).toMatchObject({ status: ActionStatus.REVOKED, afterReview: AfterReviewState.CLOSED });
    const { action: whole } = await world.call("GetAction", { actionId: action.id });
    expect(whole?.afterReview).toMatchObject({
      closedBy: { id: "bob" },
      finding: AfterReviewFinding.NOT_JUSTIFIED,
      findingReason: "there was time",
    });
    await expect(world.call("CloseAfterReview", close, ann)).rejects.toEqual(refusal("WRONG_STATE"));
  });

  it("P5: another instance reads the same", async () => {
    const { action, shown } = await request();
    await world.call("BreakGlass", { ...shown, reason: REASON }, eve);
    const close = { actionId: action.id, finding: AfterReviewFinding.JUSTIFIED, reason: "it was full" };
    await world.call("CloseAfterReview", close, bob);
    const fresh = await testApproval(world.log);
    const read = ({ call }: TestApproval) => call("GetAction", { actionId: action.id });
    expect(await read(fresh)).toEqual(await read(world));
  });
});
