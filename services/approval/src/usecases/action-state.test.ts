import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { timestampMs } from "@bufbuild/protobuf/wkt";
import { ActionSchema, ActionStateSchema, ActionStatus, CommentKind } from "@countersign/proto/v1/action_pb";
import { beforeEach, expect, it } from "vitest";
import { ask, refusal } from "../testing/ask.ts";
import { ann, bob, cid, exporter, HOUR, principal, stage, T0, TERMS, verdict } from "../testing/fixtures.ts";
import { shownOf, testApproval, type TestApproval } from "../testing/test-approval.ts";

let world: TestApproval;

beforeEach(async () => {
  world = await testApproval();
});

const state = async (actionId: string, caller = exporter) => {
  const { action, grantToken } = await world.call("WatchAction", { actionId }, caller);
  if (action === undefined) throw new Error("no action");
  return { ...action, grantToken };
};
const shown = async (actionId: string) => shownOf((await world.call("GetReview", { actionId }, ann)).action!);
const reject = { decision: { case: "reject", value: { reason: "too much" } } } as const;
const approve = { decision: { case: "approve", value: {} } } as const;
const editable = verdict("review", {
  stages: [stage(["oncall"], 2)],
  terms: { ...TERMS, editable: JSON.stringify({ limit: { type: "integer", maximum: 10 } }) },
});

/** P5: read as a state, the whole action says the same about what both tell. */
async function expectAgreement(actionId: string): Promise<void> {
  const { action } = await world.call("GetAction", { actionId });
  const both = fromBinary(ActionStateSchema, toBinary(ActionSchema, action!), { readUnknownFields: false });
  const { action: told } = await world.call("WatchAction", { actionId });
  const { editedProperties: _, review: _1, deadline: _2, questions: _3, afterReview: _4, ...common } = told!;
  expect(both).toMatchObject(common);
}

it("tells in review how far it is, until when, and what nobody has answered", async () => {
  const { action } = await ask(world, editable);
  const question = { actionId: action.id, kind: CommentKind.QUESTION, text: "why now?", idempotencyKey: "q" };
  await world.call("AddComment", question, ann);
  await world.call("AddComment", { ...question, text: "all of them?", idempotencyKey: "r" }, bob);
  await world.call("AddComment", { ...question, kind: CommentKind.ANSWER, text: "month's end", question: 1 });
  await world.call("ClaimReview", { actionId: action.id }, bob);
  const { action: voted } = await world.call("SubmitVote", { ...(await shown(action.id)), ...approve }, ann);
  expect(voted).toMatchObject({
    id: action.id,
    status: ActionStatus.IN_REVIEW,
    digest: action.digest,
    review: { stage: "oncall", quorumText: "2 of oncall", approvals: 1, claim: { reviewer: { id: "bob" } } },
    questions: [{ number: 2, text: "all of them?" }],
    reasons: [],
  });
  expect(voted).not.toHaveProperty("editedProperties");
  expect(timestampMs(voted!.deadline!)).toBe(T0 + HOUR);
  await expectAgreement(action.id);
});

it("tells the requester of an edit all that the digest is made of, and when it has to answer", async () => {
  const { action } = await ask(world, editable);
  const edit = { case: "edit", value: { properties: { table: "customers", limit: 5 }, reason: "fewer" } } as const;
  await world.call("SubmitVote", { ...(await shown(action.id)), decision: edit }, ann);
  const edited = await state(action.id);
  expect(edited).toMatchObject({ status: ActionStatus.EDITED, editedProperties: { table: "customers", limit: 5 }, salt: action.salt });
  expect(edited.digest).not.toEqual(action.digest);
  expect([edited.deadline === undefined, edited.review]).toEqual([false, undefined]);
  await expectAgreement(action.id);
});

it("P2: tells of an approval with the token, to its requester only, and until when it is good", async () => {
  const { action } = await ask(world, verdict("review"));
  await world.call("SubmitVote", { ...(await shown(action.id)), ...approve }, ann);
  const { grantToken, status, deadline } = await state(action.id);
  const { action: whole } = await world.call("GetAction", { actionId: action.id });
  expect([status, deadline]).toEqual([ActionStatus.APPROVED, whole?.grant?.expireTime]);
  expect([grantToken === "", (await state(action.id, cid)).grantToken]).toEqual([false, ""]);
  await world.call("RedeemGrant", { grantToken, digest: action.digest, idempotencyKey: "r" });
  expect(timestampMs((await state(action.id)).deadline!)).toBe(world.now + 3_600_000);
  await expectAgreement(action.id);
});

it("says why not: policy's reasons, or the reviewer's, until they are erased", async () => {
  const denied = await ask(world, verdict("deny", { reasons: ["It cannot be undone."] }));
  const { reasons, deadline } = await state(denied.action.id);
  expect([reasons, deadline]).toEqual([["It cannot be undone."], undefined]);
  await expectAgreement(denied.action.id);
  const { action } = await ask(world, verdict("review"));
  await world.call("SubmitVote", { ...(await shown(action.id)), ...reject }, ann);
  expect((await state(action.id)).reasons).toEqual(["too much"]);
  await expectAgreement(action.id);
  const operator = principal("operator", { roles: ["operator"], signIn: "mfa" });
  await world.call("EraseContent", { actionId: action.id, reason: "asked to" }, operator);
  expect(await state(action.id)).toMatchObject({ status: ActionStatus.REJECTED, reasons: [], salt: new Uint8Array() });
  await expectAgreement(action.id);
});

it.each([
  ["review", ActionStatus.CANCELLED],
  ["allow", ActionStatus.REVOKED],
] as const)("says why its requester took it back, until that is erased (%s)", async (outcome, status) => {
  const { action } = await ask(world, verdict(outcome));
  await world.call("CancelAction", { actionId: action.id, reason: "no longer needed" });
  expect(await state(action.id)).toMatchObject({ status, reasons: ["no longer needed"] });
  await expectAgreement(action.id);
  const operator = principal("operator", { roles: ["operator"], signIn: "mfa" });
  await world.call("EraseContent", { actionId: action.id, reason: "asked to" }, operator);
  expect(await state(action.id)).toMatchObject({ status, reasons: [] });
});

it("P8: tells nobody else's tenant, and no stranger", async () => {
  const { action } = await ask(world);
  for (const caller of [{ ...ann, tenant: "rival" }, principal("stranger", { roles: ["requester"] })])
    await expect(state(action.id, caller)).rejects.toEqual(refusal("NOT_FOUND"));
  await expect(state("no such id")).rejects.toEqual(refusal("NOT_FOUND"));
});
