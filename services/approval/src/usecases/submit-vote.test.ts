import { fromJson } from "@bufbuild/protobuf";
import { ValueSchema } from "@bufbuild/protobuf/wkt";
import { ActionStatus } from "@countersign/proto/v1/action_pb";
import { createPublicKey, verify } from "node:crypto";
import { beforeEach, describe, expect, it } from "vitest";
import { voteText } from "../adapters/grants/signer.ts";
import { fromRecordedEvent } from "../adapters/log/event-codec.ts";
import { ann, bob, cid, exporter, MINUTE, owner, sponsor, stage, verdict, TERMS } from "../testing/fixtures.ts";
import { ask, refusal } from "../testing/ask.ts";
import { config, exportInput, shownOf, testApproval, type TestApproval } from "../testing/test-approval.ts";

let world: TestApproval;

beforeEach(async () => {
  world = await testApproval();
});

const approve = { decision: { case: "approve", value: { reason: "fine" } } } as const;
const reject = { decision: { case: "reject", value: { reason: "not today" } } } as const;
const edit = (properties: { [key: string]: number | string }) =>
  ({ decision: { case: "edit", value: { properties, reason: "smaller" } } }) as const;

/** Why not approve, and whether reject and edit. */
async function may(actionId: string, caller: typeof ann) {
  const { ineligibleReason, mayReject, mayEdit } = await world.call("GetReview", { actionId }, { ...caller, roles: ["reviewer"] });
  return [ineligibleReason, mayReject, mayEdit];
}
const NOTHING = ["NOT_IN_REVIEW", false, false];

describe("review", () => {
  it("shows the reviewer what a vote has to name, and approves", async () => {
    const { shown } = await ask(world, verdict("review"));
    const { action, eligible, ineligibleReason } = await world.call("GetReview", { actionId: shown.actionId }, ann);
    expect({ eligible, ineligibleReason, status: action?.status }).toEqual({
      eligible: true,
      ineligibleReason: "",
      status: ActionStatus.IN_REVIEW,
    });
    const voted = await world.call("SubmitVote", { ...shown, ...approve }, ann);
    expect(voted.action).toMatchObject({ id: shown.actionId, status: ActionStatus.APPROVED, version: 6n, digest: shown.digest });
    const { action: whole, grantToken } = await world.call("GetAction", { actionId: shown.actionId });
    expect(whole).toMatchObject({ version: 6n, review: { votes: [{ reason: "fine", reviewer: { id: "ann" } }] } });
    await world.call("RedeemGrant", { grantToken, digest: shown.digest, idempotencyKey: "r" });
  });

  it("repeats quietly", async () => {
    const { shown } = await ask(world, verdict("review"));
    const first = await world.call("SubmitVote", { ...shown, ...approve }, ann);
    expect(await world.call("SubmitVote", { ...shown, ...approve }, ann)).toEqual(first);
    expect(await world.log.nextPosition()).toBe(6);
  });

  it("says why a caller may not vote", async () => {
    const { shown } = await ask(world, verdict("review"));
    const reason = async (caller: typeof ann) =>
      (await world.call("GetReview", { actionId: shown.actionId }, { ...caller, roles: ["reviewer"] })).ineligibleReason;
    expect(await Promise.all([cid, owner, exporter].map(reason))).toEqual(["NOT_ELIGIBLE", "SELF_APPROVAL", "NOT_HUMAN"]);
    world.now += 61 * MINUTE;
    expect(await reason(ann)).toBe("NOT_IN_REVIEW");
  });

  it("P3: says what else a caller may do: an editor may reject and edit, whoever caused the request nothing", async () => {
    const { shown } = await ask(world, editable);
    expect(await may(shown.actionId, ann)).toEqual(["", true, true]);
    expect(await may(shown.actionId, owner)).toEqual(["SELF_APPROVAL", false, false]);
    expect(await may(shown.actionId, cid)).toEqual(["NOT_ELIGIBLE", false, false]);
    const edited = (await world.call("SubmitVote", { ...shown, ...edit({ table: "customers", limit: 5 }) }, ann)).action!;
    expect(await may(shown.actionId, ann)).toEqual(["NOT_IN_REVIEW", false, false]);
    await world.call("AcceptEdit", { actionId: edited.id, digest: edited.digest });
    expect(await may(shown.actionId, ann)).toEqual(["SELF_APPROVAL", true, true]);
  });

  it("says of what was approved who may take it back, as long as it is unused", async () => {
    const { shown } = await ask(world, verdict("review"));
    world.now += 59 * MINUTE;
    await world.call("SubmitVote", { ...shown, ...approve }, ann);
    // However long the vote could wait: the grant counts now.
    world.now += 2 * MINUTE;
    expect(await may(shown.actionId, ann)).toEqual(["NOT_IN_REVIEW", true, false]);
    expect(await may(shown.actionId, bob)).toEqual(["NOT_IN_REVIEW", true, false]);
    expect(await may(shown.actionId, cid)).toEqual(["NOT_ELIGIBLE", false, false]);
    expect(await may(shown.actionId, owner)).toEqual(["SELF_APPROVAL", false, false]);
    const inTime = world.now;
    world.now += 5 * MINUTE;
    expect(await may(shown.actionId, bob)).toEqual(NOTHING);
    world.now = inTime;
    await world.call("SubmitVote", { ...shown, ...reject }, bob);
    expect(await may(shown.actionId, ann)).toEqual(NOTHING);
  });

  it("P7: says of whom an escalation names that they may decide from its moment on, and takes their word, though no timer came", async () => {
    const escalation = { afterSeconds: 1800, to: [{ kind: "group", name: "managers" }] } as const;
    const { shown } = await ask(world, { ...editable, stages: [stage(["oncall"], 1, { escalation })] });
    world.now += 30 * MINUTE - 1;
    expect(await may(shown.actionId, cid)).toEqual(["NOT_ELIGIBLE", false, false]);
    world.now += 1;
    expect(await may(shown.actionId, cid)).toEqual(["", true, true]);
    const { action } = await world.call("SubmitVote", { ...shown, ...edit({ table: "customers", limit: 5 }) }, cid);
    expect(action?.status).toBe(ActionStatus.EDITED);
    const types = (await world.log.readAll({ from: 3, limit: 9 })).map(({ type }) => type);
    expect(types).toEqual(["ReviewEscalated", "ActionEdited", "VerdictReached"]);
  });

  it("says that nobody takes back what ran, or what policy alone allowed", async () => {
    const { shown } = await ask(world, verdict("review"));
    await world.call("SubmitVote", { ...shown, ...approve }, ann);
    expect(await may(shown.actionId, ann)).toEqual(["NOT_IN_REVIEW", true, false]);
    const { grantToken } = await world.call("GetAction", { actionId: shown.actionId });
    await world.call("RedeemGrant", { grantToken, digest: shown.digest, idempotencyKey: "r" });
    expect(await may(shown.actionId, ann)).toEqual(NOTHING);
    const { action } = await ask(world, verdict("allow"));
    expect(action.status).toBe(ActionStatus.APPROVED);
    expect(await may(action.id, ann)).toEqual(NOTHING);
  });

  it("P3: refuses self-approval and agents", async () => {
    const { shown } = await ask(world, verdict("review"));
    await expect(world.call("SubmitVote", { ...shown, ...approve }, sponsor)).rejects.toEqual(refusal("SELF_APPROVAL"));
    await expect(world.call("SubmitVote", { ...shown, ...approve })).rejects.toEqual(refusal("NOT_HUMAN"));
    await expect(world.call("SubmitVote", { ...shown, decision: { case: undefined } }, ann)).rejects.toEqual(refusal("FIELD_VIOLATION"));
  });

  /** What the log alone says of each vote: decision, stage, and whether its signature verifies. */
  async function signedVotes(actionId: string) {
    const events = (await world.log.readAll({ from: 0, limit: 100 })).map(fromRecordedEvent);
    const votes = events.filter((event) => event.type === "VoteCast");
    return votes.map(({ digest, shownDigest, reviewer, decision, at, stage: of, signature }) => {
      const text = voteText({ tenant: "acme", actionId, digest, shownDigest, reviewer, decision, stage: of, at });
      const key = createPublicKey(config.grantKeys.privateKey);
      return [decision, of, verify(null, Buffer.from(text), key, Buffer.from(signature, "hex"))];
    });
  }

  it("signs votes so that they can be verified from the log alone", async () => {
    const { shown } = await ask(world, verdict("review"));
    await world.call("SubmitVote", { ...shown, ...reject }, ann);
    expect(await signedVotes(shown.actionId)).toEqual([["reject", 0, true]]);
  });

  it("P6: signs a vote for the stage that it is recorded in, also when it takes a grant back", async () => {
    const { shown } = await ask(world, verdict("review", { stages: [stage(["oncall"]), stage(["oncall"])] }));
    await world.call("SubmitVote", { ...shown, ...approve }, ann);
    await world.call("SubmitVote", { ...shown, ...approve }, bob);
    await world.call("SubmitVote", { ...shown, ...reject }, bob);
    expect(await signedVotes(shown.actionId)).toEqual([
      ["approve", 0, true],
      ["approve", 1, true],
      ["reject", 1, true],
    ]);
  });

  const editable = verdict("review", { terms: { ...TERMS, editable: JSON.stringify({ limit: { type: "integer", maximum: 10 } }) } });

  it("an edit asks policy again, waits for the requester and starts over; editing back and forth is fine", async () => {
    const { shown } = await ask(world, editable);
    const edited = (await world.call("SubmitVote", { ...shown, ...edit({ table: "customers", limit: 5 }) }, ann)).action!;
    expect(edited).toMatchObject({
      status: ActionStatus.EDITED,
      editedProperties: { table: "customers", limit: 5 },
    });
    const { action: whole } = await world.call("GetAction", { actionId: shown.actionId });
    expect(whole).toMatchObject({ input: { action: { properties: { limit: 5 } } }, review: { editor: { id: "ann" } } });
    expect(world.questions.at(-1)?.input?.action?.properties).toEqual({ table: "customers", limit: 5 });
    const { actionId } = shown;
    const { action: accepted } = await world.call("AcceptEdit", { actionId, digest: edited.digest });
    expect(accepted?.status).toBe(ActionStatus.IN_REVIEW);
    const { action: again } = await world.call("GetAction", { actionId });
    await expect(world.call("SubmitVote", { ...shown, ...approve }, bob)).rejects.toEqual(refusal("STALE_DIGEST"));
    const patch = [{ op: "replace", path: "/limit", value: fromJson(ValueSchema, 10) }];
    const patched = { decision: { case: "edit", value: { patch, reason: "as before" } } } as const;
    const back = (await world.call("SubmitVote", { ...shownOf(again!), ...patched }, bob)).action!;
    expect(back.digest).toEqual(shown.digest);
    expect((await world.call("GetAction", { actionId })).action?.input?.context).toEqual(exportInput.context);
  });

  it("hands out the grant when policy allows the edited form, and the requester accepts it", async () => {
    const { shown } = await ask(world, editable);
    world.answer = verdict("allow");
    const edited = (await world.call("SubmitVote", { ...shown, ...edit({ table: "customers", limit: 5 }) }, ann)).action!;
    expect((await world.call("GetAction", { actionId: edited.id })).action?.grant).toBeUndefined();
    const { grantToken } = await world.call("AcceptEdit", { actionId: edited.id, digest: edited.digest });
    await world.call("RedeemGrant", { grantToken, digest: edited.digest, idempotencyKey: "r" });
  });

  it.each<[string, { [key: string]: number | string }, string]>([
    ["another member", { table: "secrets", limit: 10 }, "table"],
    ["a value that the schema refuses", { table: "customers", limit: 11 }, "limit"],
    ["a member taken away", { table: "customers" }, "limit"],
    ["a member added", { table: "customers", limit: 10, all: "yes" }, "all"],
  ])("refuses to edit %s, and names it", async (_what, properties, members) => {
    const { shown } = await ask(world, editable);
    await expect(world.call("SubmitVote", { ...shown, ...edit(properties) }, ann)).rejects.toEqual(
      expect.objectContaining({
        reason: "EDIT_NOT_ALLOWED",
        metadata: { members, editable: expect.stringContaining('"limit"') as string },
      }),
    );
  });

  it.each([
    ["does not apply", { op: "test", path: "/limit", value: fromJson(ValueSchema, 7) }],
    ["replaces everything", { op: "replace", path: "", value: fromJson(ValueSchema, {}) }],
    ["reaches for the prototype", { op: "add", path: "/__proto__/admin", value: fromJson(ValueSchema, true) }],
    ["is of no kind", { op: "merge", path: "/limit", value: fromJson(ValueSchema, 7) }],
  ])("refuses a patch that %s", async (_what, operation) => {
    const { shown } = await ask(world, editable);
    const patched = { decision: { case: "edit" as const, value: { patch: [operation], reason: "why not" } } };
    await expect(world.call("SubmitVote", { ...shown, ...patched }, ann)).rejects.toEqual(refusal("PATCH_INVALID"));
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  it("P1: without a word of policy nothing can be edited", async () => {
    const { shown } = await ask(world, verdict("review"));
    await expect(world.call("SubmitVote", { ...shown, ...edit({ table: "customers", limit: 5 }) }, ann)).rejects.toEqual(
      refusal("EDIT_NOT_ALLOWED"),
    );
  });

  it("P1: refuses a vote on a stale view, and says what is different now", async () => {
    const { shown } = await ask(world, editable);
    const edited = (await world.call("SubmitVote", { ...shown, ...edit({ table: "customers", limit: 5 }) }, ann)).action!;
    await world.call("AcceptEdit", { actionId: edited.id, digest: edited.digest });
    await expect(world.call("SubmitVote", { ...shown, ...approve }, bob)).rejects.toEqual(
      expect.objectContaining({ reason: "STALE_DIGEST", metadata: { changed: "edited by, parameters.limit" } }),
    );
    const now = shownOf((await world.call("GetReview", { actionId: edited.id }, { ...bob, roles: ["reviewer"] })).action!);
    await expect(world.call("SubmitVote", { ...now, shownDigest: shown.shownDigest, ...approve }, bob)).rejects.toEqual(
      refusal("STALE_VIEW"),
    );
  });

  it("names the view that it shows as the renderer names it, also from another instance", async () => {
    const { shown } = await ask(world, verdict("review"));
    const reviewer = { ...ann, roles: ["reviewer"] };
    expect((await world.call("GetReview", { actionId: shown.actionId }, reviewer)).shownDigest).toEqual(new Uint8Array(shown.shownDigest));
    const other = await testApproval(world.log);
    expect((await other.call("GetReview", { actionId: shown.actionId }, reviewer)).shownDigest).toEqual(new Uint8Array(shown.shownDigest));
  });

  it("P7: an edit changes nothing when policy does not answer", async () => {
    const { shown } = await ask(world, editable);
    world.answer = undefined;
    await expect(world.call("SubmitVote", { ...shown, ...edit({ table: "customers", limit: 1 }) }, ann)).rejects.toEqual(
      refusal("POLICY_UNREACHABLE"),
    );
    expect(await world.log.nextPosition()).toBe(3);
  });
});
