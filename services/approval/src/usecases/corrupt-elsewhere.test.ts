import { CommandError } from "@countersign/bus";
import { DirectoryUnreachableError } from "@countersign/directory-client";
import { beforeEach, expect, it } from "vitest";
import { ask, refusal } from "../testing/ask.ts";
import { ann, TERMS, verdict } from "../testing/fixtures.ts";
import { exportInput, testApproval, type TestApproval } from "../testing/test-approval.ts";
import { whoSpeaks } from "./who-speaks.ts";

const corrupt = new CommandError("DATA_LOSS", "LOG_CORRUPT", "the log of policy names the position");
const away = new CommandError("UNAVAILABLE", "LOG_UNREACHABLE", "no");
const editable = verdict("review", { terms: { ...TERMS, editable: JSON.stringify({ limit: {} }) } });
const edit = { decision: { case: "edit" as const, value: { properties: { table: "customers", limit: 5 }, reason: "less" } } };

let world: TestApproval;

beforeEach(async () => {
  world = await testApproval();
});

it("P7: a policy whose log is corrupt is not told as one that does not answer", async () => {
  const { shown } = await ask(world, editable);
  world.failure = corrupt;
  await expect(world.call("SubmitVote", { ...shown, ...edit }, ann)).rejects.toEqual(refusal("LOG_CORRUPT"));
  world.failure = away;
  await expect(world.call("SubmitVote", { ...shown, ...edit }, ann)).rejects.toEqual(refusal("POLICY_UNREACHABLE"));
});

it("P7: nothing is recorded that such a policy cannot judge, and what was answered before still is", async () => {
  const first = await ask(world, editable, "k");
  world.failure = corrupt;
  const before = await world.log.nextPosition();
  const request = (idempotencyKey: string) => world.call("RequestAction", { input: exportInput, idempotencyKey });
  await expect(request("other")).rejects.toEqual(refusal("LOG_CORRUPT"));
  expect((await request("k")).action).toEqual(first.action);
  expect(await world.log.nextPosition()).toBe(before);
});

it("P7: nor is a directory", async () => {
  const { shown } = await ask(world, editable);
  const { view } = await world.deps.store.load({ tenant: "acme", id: shown.actionId });
  const speakers = (error: Error) => whoSpeaks({ directory: { resolvePerson: async () => raise(error) } }, ann, view.state, world.now);
  await expect(speakers(corrupt)).rejects.toBe(corrupt);
  expect(await speakers(new DirectoryUnreachableError("no"))).toBeUndefined();
});

function raise(error: Error): never {
  throw error;
}
