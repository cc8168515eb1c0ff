import { DirectoryUnreachableError } from "@countersign/directory-client";
import { ActionStatus, CommentKind } from "@countersign/proto/v1/action_pb";
import { beforeEach, describe, expect, it } from "vitest";
import { refusal } from "../testing/ask.ts";
import { ann, bob, cid, exporter, HOUR, principal, ref, sponsor, stage, verdict } from "../testing/fixtures.ts";
import { exportInput, shownOf, testApproval, type TestApproval } from "../testing/test-approval.ts";
import { addComment } from "./comments.ts";

const QUESTION = "which customers, and why all of them?";
let world: TestApproval;

beforeEach(async () => {
  world = await testApproval();
  world.answer = verdict("review", { stages: [stage(["oncall"], 2)] });
});

async function request() {
  const { action } = await world.call("RequestAction", { input: exportInput, idempotencyKey: "k" });
  if (action === undefined) throw new Error("no action");
  return action;
}

type Asking = { readonly kind: CommentKind; readonly question: number; readonly text: string; readonly idempotencyKey: string };

const question = (actionId: string, more: { text?: string; idempotencyKey?: string } = {}) => ({
  actionId,
  kind: CommentKind.QUESTION,
  text: QUESTION,
  idempotencyKey: "q",
  ...more,
});
const answer = (actionId: string, text = "only those who left") => ({
  actionId,
  kind: CommentKind.ANSWER,
  text,
  question: 1,
  idempotencyKey: "a",
});

describe("AddComment", () => {
  it("P1: a question and its answer are told to whoever sees the action, and the vote of before counts", async () => {
    const asked = await request();
    const { comment, version } = await world.call("AddComment", question(asked.id), ann);
    expect({ comment, version }).toMatchObject({
      comment: { number: 1, kind: CommentKind.QUESTION, text: QUESTION, answer: 0 },
      version: 4n,
    });
    const seen = await world.call("GetAction", { actionId: asked.id });
    expect(seen.action?.review?.comments).toMatchObject([{ number: 1, author: ref("ann"), byRequester: false, text: QUESTION }]);
    await world.call("AddComment", answer(asked.id));
    const review = await world.call("GetReview", { actionId: asked.id }, ann);
    expect(review.action?.review?.comments).toMatchObject([
      { number: 1, answer: 2 },
      { number: 2, kind: CommentKind.ANSWER, question: 1, byRequester: true, author: ref("exporter"), text: "only those who left" },
    ]);
    expect(review.action).toMatchObject({ digest: asked.digest, review: { deadline: asked.review?.deadline } });
    expect(Buffer.from(review.shownDigest).equals(shownOf(asked).shownDigest)).toBe(true);
    // As it was shown before anybody wrote a word.
    const voted = await world.call("SubmitVote", { ...shownOf(asked), decision: { case: "approve", value: {} } }, ann);
    expect(voted.action?.review).toMatchObject({ stage: "oncall", approvals: 1 });
  });

  it("is one comment for each key, whatever has happened since", async () => {
    const { id } = await request();
    const first = await world.call("AddComment", question(id), ann);
    await world.call("AddComment", answer(id));
    expect(await world.call("AddComment", question(id), ann)).toEqual(first);
    await expect(world.call("AddComment", question(id, { text: "another one" }), ann)).rejects.toEqual(refusal("KEY_REUSED"));
    // The key is each one's own.
    await world.call("AddComment", question(id), bob);
    const { action } = await world.call("CancelAction", { actionId: id, reason: "" });
    expect(action?.status).toBe(ActionStatus.CANCELLED);
    const { action: whole } = await world.call("GetAction", { actionId: id });
    expect(whole?.review?.comments).toHaveLength(3);
    expect(await world.call("AddComment", answer(id))).toMatchObject({ comment: { number: 2 } });
    await expect(world.call("AddComment", question(id, { idempotencyKey: "late" }), ann)).rejects.toEqual(refusal("WRONG_STATE"));
  });

  it("P8: tells whoever may not see the action nothing, and others no more than what they wrote", async () => {
    const { id } = await request();
    const strangers = [
      principal("else", { type: "agent", roles: ["requester"] }),
      { ...exporter, chain: [ref("mallory")] },
      { ...ann, tenant: "globex" },
      { ...exporter, tenant: "globex" },
    ];
    for (const caller of strangers)
      await expect(world.call("AddComment", { ...question(id), kind: CommentKind.REMARK }, caller)).rejects.toEqual(refusal("NOT_FOUND"));
    const human = { ...sponsor, roles: ["requester"] };
    const reply = await world.call("AddComment", { ...question(id), kind: CommentKind.REMARK, text: "I asked for this" }, human);
    expect(reply).toMatchObject({ comment: { byRequester: true, text: "I asked for this" } });
    await expect(world.call("GetAction", { actionId: id }, human)).rejects.toEqual(refusal("NOT_FOUND"));
  });

  it("P3: refuses who is not asked, agents with a reviewer's token, and requests that make no sense", async () => {
    const { id } = await request();
    await expect(world.call("AddComment", question(id), cid)).rejects.toEqual(refusal("NOT_ELIGIBLE"));
    const bot = principal("bot", { type: "agent", groups: ["oncall"], roles: ["reviewer"] });
    await expect(world.call("AddComment", question(id), bot)).rejects.toEqual(refusal("NOT_HUMAN"));
    await expect(world.call("AddComment", question(id))).rejects.toEqual(refusal("NOT_HUMAN"));
    await expect(world.call("AddComment", answer(id))).rejects.toEqual(refusal("QUESTION_NOT_OPEN"));
    const mistakes: readonly Partial<Asking>[] = [{ kind: 0 }, { question: 1 }, { text: " \n" }, { idempotencyKey: "" }];
    for (const wrong of mistakes)
      await expect(world.call("AddComment", { ...question(id), ...wrong }, ann)).rejects.toEqual(refusal("FIELD_VIOLATION"));
  });

  it("P7: writes nothing while nobody can say who it is", async () => {
    const { id } = await request();
    const directory = { resolvePerson: () => Promise.reject(new DirectoryUnreachableError("gone")) };
    const comment = { ref: { tenant: "acme", id }, kind: "remark", text: "hello", question: 0, idempotencyKey: "r" } as const;
    const said = await addComment({ ...world.deps, directory }, { principal: ann, traceparent: "" }, comment);
    expect(said).toEqual({ outcome: "refused", code: "DIRECTORY_UNREACHABLE" });
  });
});

describe("ClaimReview and ReleaseReview", () => {
  it("show who is looking, keep nobody from deciding, and end by themselves", async () => {
    const asked = await request();
    const { action } = await world.call("ClaimReview", { actionId: asked.id }, ann);
    expect(action?.review?.claim).toMatchObject({ reviewer: ref("ann") });
    await expect(world.call("ClaimReview", { actionId: asked.id }, bob)).rejects.toEqual(refusal("ALREADY_CLAIMED"));
    await expect(world.call("ReleaseReview", { actionId: asked.id }, bob)).rejects.toEqual(refusal("ALREADY_CLAIMED"));
    const voted = await world.call("SubmitVote", { ...shownOf(asked), decision: { case: "approve", value: {} } }, bob);
    expect(voted.action?.review).toMatchObject({ approvals: 1, quorumText: "2 of oncall", claim: { reviewer: ref("ann") } });
    const released = await world.call("ReleaseReview", { actionId: asked.id }, ann);
    expect(released.action?.review?.claim).toBeUndefined();
    world.now += HOUR / 2;
    await expect(world.call("ClaimReview", { actionId: asked.id }, cid)).rejects.toEqual(refusal("NOT_ELIGIBLE"));
    await expect(world.call("ClaimReview", { actionId: asked.id }, { ...ann, tenant: "globex" })).rejects.toEqual(refusal("NOT_FOUND"));
  });
});
