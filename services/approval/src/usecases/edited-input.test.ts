import { fromJson, type JsonObject, type JsonValue } from "@bufbuild/protobuf";
import { ValueSchema } from "@bufbuild/protobuf/wkt";
import { ActionStatus } from "@countersign/proto/v1/action_pb";
import { beforeEach, describe, expect, it } from "vitest";
import { ask, refusal } from "../testing/ask.ts";
import { ann, bob, TERMS, verdict } from "../testing/fixtures.ts";
import { testApproval, type TestApproval } from "../testing/test-approval.ts";

let world: TestApproval;

beforeEach(async () => {
  world = await testApproval();
});

const editable = verdict("review", { terms: { ...TERMS, editable: JSON.stringify({ limit: {} }) } });
const edit = (properties: JsonObject) => ({ decision: { case: "edit" as const, value: { properties, reason: "other" } } });
const patch = (value: JsonValue) => {
  const operation = { op: "replace", path: "/limit", value: fromJson(ValueSchema, value) };
  return { decision: { case: "edit" as const, value: { patch: [operation], reason: "other" } } };
};

/** Which field is refused; whoever sent it, as the page and the chats do not come by the front door. */
async function refusedField(change: ReturnType<typeof edit> | ReturnType<typeof patch>): Promise<unknown> {
  const { shown } = await ask(world, editable);
  const before = await world.log.nextPosition();
  const refused: unknown = await world.call("SubmitVote", { ...shown, ...change }, ann).catch((error: unknown) => error);
  expect(refused).toMatchObject({ code: "INVALID_ARGUMENT", reason: "FIELD_VIOLATION" });
  expect(await world.log.nextPosition()).toBe(before);
  return (refused as { violations: readonly { field: string }[] }).violations[0]?.field;
}

describe("P1: what a reviewer makes of the parameters is held to the rule for what is asked for", () => {
  it.each<[string, JsonValue, string]>([
    ["2^53", 2 ** 53, "limit"],
    ["-2^53", -(2 ** 53), "limit"],
    ["1e300", 1e300, "limit"],
    ["one of a list", { ids: [1, 2 ** 60] }, "limit.ids[1]"],
    ["a member named __proto__", JSON.parse('{"a":{"__proto__":1}}') as JsonObject, "limit.a"],
  ])("%s is refused, whole and as a patch", async (_what, limit, member) => {
    expect(await refusedField(edit({ table: "customers", limit }))).toBe(`edit.properties.${member}`);
    expect(await refusedField(patch(limit))).toBe(`edit.patch[0].value${member.slice("limit".length)}`);
  });

  it("what would make the whole input too large is refused", async () => {
    expect(await refusedField(edit({ table: "customers", limit: "x".repeat(128 * 1024 - 40) }))).toBe("edit.properties");
    expect(await refusedField(patch("x".repeat(128 * 1024 - 40)))).toBe("edit.properties");
  });

  it("what is just exact enough is taken", async () => {
    const { shown } = await ask(world, editable);
    const limit = Number.MAX_SAFE_INTEGER;
    const { action } = await world.call("SubmitVote", { ...shown, ...edit({ table: "customers", limit }) }, ann);
    expect(action).toMatchObject({ status: ActionStatus.EDITED, editedProperties: { limit } });
  });
});

describe("an edit that is sent again, its answer being lost", () => {
  const less = edit({ table: "customers", limit: 5 });

  it.each([
    ["whole", less],
    ["as a patch", patch(5)],
  ])("changes nothing and is answered as before: %s", async (_what, change) => {
    const { shown } = await ask(world, editable);
    const first = await world.call("SubmitVote", { ...shown, ...change }, ann);
    const asked = world.questions.length;
    const before = await world.log.nextPosition();
    expect(await world.call("SubmitVote", { ...shown, ...change }, ann)).toEqual(first);
    const elsewhere = await testApproval(world.log);
    expect(await elsewhere.call("SubmitVote", { ...shown, ...change }, ann)).toMatchObject({ action: { version: first.action?.version } });
    await world.call("AcceptEdit", { actionId: shown.actionId, digest: first.action!.digest });
    const again = await world.call("SubmitVote", { ...shown, ...change }, ann);
    expect(again.action).toMatchObject({ status: ActionStatus.IN_REVIEW, digest: first.action!.digest });
    expect([await world.log.nextPosition(), world.questions.length]).toEqual([before + 2, asked]);
  });

  it("at the same moment counts once", async () => {
    const { shown } = await ask(world, editable);
    const before = await world.log.nextPosition();
    const [one, other] = await Promise.all([1, 2].map(() => world.call("SubmitVote", { ...shown, ...less }, ann)));
    expect(one).toEqual(other);
    expect(await world.log.nextPosition()).toBe(before + 2);
  });

  it("is quiet also when policy denied what it made", async () => {
    const { shown } = await ask(world, editable);
    world.answer = verdict("deny");
    const first = await world.call("SubmitVote", { ...shown, ...less }, ann);
    expect(first.action?.status).toBe(ActionStatus.DENIED);
    expect(await world.call("SubmitVote", { ...shown, ...less }, ann)).toEqual(first);
  });

  it("by somebody else, or with other parameters, is refused", async () => {
    const { shown } = await ask(world, editable);
    const { action } = await world.call("SubmitVote", { ...shown, ...less }, ann);
    const other = edit({ table: "customers", limit: 4 });
    await expect(world.call("SubmitVote", { ...shown, ...less }, bob)).rejects.toEqual(refusal("WRONG_STATE"));
    await expect(world.call("SubmitVote", { ...shown, ...other }, ann)).rejects.toEqual(refusal("WRONG_STATE"));
    await world.call("AcceptEdit", { actionId: shown.actionId, digest: action!.digest });
    await expect(world.call("SubmitVote", { ...shown, ...less }, bob)).rejects.toEqual(refusal("STALE_DIGEST"));
    await expect(world.call("SubmitVote", { ...shown, ...other }, ann)).rejects.toEqual(refusal("STALE_DIGEST"));
  });
});
