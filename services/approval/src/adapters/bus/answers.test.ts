import { fromBinary } from "@bufbuild/protobuf";
import { decoded, inProcessCommands } from "@countersign/bus";
import { encodeMessage } from "@countersign/events";
import { EvaluateRequestSchema, EvaluateResponseSchema } from "@countersign/proto/internal/v1/command_pb";
import { GetActionResponseSchema } from "@countersign/proto/v1/action_service_pb";
import { silentLogger } from "@countersign/telemetry";
import { expect, it } from "vitest";
import { exporter, T0, verdict } from "../../testing/fixtures.ts";
import { exportInput, testApproval } from "../../testing/test-approval.ts";
import { isRecorded, toActionMessage } from "../wire/action-message.ts";
import { encodedVerdict } from "../wire/verdict-message.ts";
import { action } from "./answers.ts";
import { createPolicyClient } from "./policy-client.ts";

it("P5: an action in a reply is the action that the state says, however often it is told", async () => {
  const { call, deps } = await testApproval();
  const { action: asked } = await call("RequestAction", { input: exportInput, idempotencyKey: "key" });
  const { view } = await deps.store.load({ tenant: exporter.tenant, id: asked?.id ?? "" });
  if (!isRecorded(view)) throw new Error("nothing was recorded");
  const told = () => encodeMessage(GetActionResponseSchema, { action: action(view) });
  const message = encodeMessage(GetActionResponseSchema, { action: toActionMessage(view) });
  expect(fromBinary(GetActionResponseSchema, told())).toEqual(fromBinary(GetActionResponseSchema, message));
  expect(told()).toEqual(told());
});

it("P1: policy is asked every time, and what it says now counts", async () => {
  const commands = inProcessCommands({ logger: silentLogger });
  const answers = [verdict("review"), verdict("review"), verdict("deny")];
  await commands.serve("policy", {
    Evaluate: async () => {
      const next = answers.shift();
      if (next === undefined) throw new Error("policy is silent");
      const answer = { verdict: encodedVerdict(next), policyDigest: new Uint8Array(32) };
      return encodeMessage(EvaluateResponseSchema, answer);
    },
  });
  const policy = createPolicyClient(commands, silentLogger, 200);
  const ask = () => policy.evaluate({ requester: exporter, input: exportInput, at: T0, traceparent: "" });
  const [first, second, third] = [await ask(), await ask(), await ask()];
  expect(first?.verdict).toBe(second?.verdict);
  expect(third?.verdict.outcome).toBe("deny");
  expect(await ask()).toBeUndefined();
});

it("P1: policy is asked the same in one process as over a wire", async () => {
  const commands = inProcessCommands({ logger: silentLogger });
  const asked: Uint8Array[] = [];
  await commands.serve("policy", { Evaluate: async ({ request }) => (asked.push(request), new Uint8Array()) });
  const policy = createPolicyClient(commands, silentLogger, 200);
  for (const at of [T0, T0 + 1]) await policy.evaluate({ requester: exporter, input: exportInput, at, traceparent: "" });
  expect(asked).toHaveLength(2);
  for (const bytes of asked) expect(decoded(EvaluateRequestSchema, bytes)).toEqual(fromBinary(EvaluateRequestSchema, bytes));
});
