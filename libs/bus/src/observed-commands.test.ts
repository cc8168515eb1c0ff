import { create } from "@bufbuild/protobuf";
import { CommandSchema } from "@countersign/proto/internal/v1/command_pb";
import { beginSpan, inSpan, silentLogger, traceparentOf } from "@countersign/telemetry";
import { recordSpans } from "@countersign/telemetry/testing";
import { afterEach, beforeEach, expect, test } from "vitest";
import { CommandError } from "./commands.ts";
import { inProcessCommands } from "./in-process-commands.ts";
import { observedCommands } from "./observed-commands.ts";

let recorded: ReturnType<typeof recordSpans>;
beforeEach(() => {
  recorded = recordSpans();
});
afterEach(() => recorded.close());

test("within a process, a command and what it asks for are told to the call's span, and how they failed", async () => {
  const bus = observedCommands(inProcessCommands({ logger: silentLogger }), "in_process");
  const seen: string[] = [];
  await bus.serve("approval", {
    RequestAction: async (command) => {
      seen.push(command.traceparent);
      return bus.send("policy", "Evaluate", command, { timeoutMs: 20_000 });
    },
  });
  await bus.serve("policy", {
    Evaluate: async () => {
      throw new CommandError("NOT_FOUND", "NOT_FOUND", "a reason that nobody may read in a trace");
    },
  });
  const call = beginSpan("call", {}, "");
  const traceparent = call === undefined ? "" : traceparentOf(call);
  const request = (): Promise<unknown> =>
    bus.send("approval", "RequestAction", create(CommandSchema, { traceparent }), { timeoutMs: 20_000 }).catch(() => {});
  await inSpan(call, request);
  // Its span is over.
  await request();
  expect(seen).toEqual([traceparent, traceparent]);
  const [span] = recorded.spans();
  expect(recorded.spans()).toHaveLength(1);
  expect(span?.events.map(({ name, attributes }) => [name, attributes?.["error.type"]])).toEqual([
    ["approval.RequestAction", undefined],
    ["policy.Evaluate", undefined],
    ["policy.Evaluate failed", "NOT_FOUND"],
    ["approval.RequestAction failed", "NOT_FOUND"],
  ]);
  expect(JSON.stringify(span?.events)).not.toContain("nobody may read");
});
