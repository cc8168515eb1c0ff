import { create, toBinary } from "@bufbuild/protobuf";
import { EvaluateRequestSchema, EvaluateResponseSchema } from "@countersign/proto/internal/v1/command_pb";
import { GetActionRequestSchema } from "@countersign/proto/v1/action_service_pb";
import { expect, it } from "vitest";
import { decoded, encoded } from "./messages.ts";

const question = create(GetActionRequestSchema, { actionId: "a1" });

it("decodes the same bytes once, and equal ones again", () => {
  const bytes = toBinary(GetActionRequestSchema, question);
  const message = decoded(GetActionRequestSchema, bytes);
  expect(message).toEqual(question);
  expect(decoded(GetActionRequestSchema, bytes)).toBe(message);
  expect(decoded(GetActionRequestSchema, bytes.slice())).not.toBe(message);
});

it("gives back the message that was encoded", () => {
  expect(decoded(GetActionRequestSchema, encoded(GetActionRequestSchema, question))).toBe(question);
});

it("P7: what was decoded as one message is not taken for another", () => {
  const bytes = encoded(GetActionRequestSchema, question);
  expect(() => decoded(EvaluateRequestSchema, bytes)).toThrow();
  expect(() => decoded(EvaluateResponseSchema, bytes)).toThrow();
});

it("what cannot be decoded is not remembered", () => {
  const bytes = Uint8Array.of(255);
  for (const _ of [1, 2]) expect(() => decoded(GetActionRequestSchema, bytes)).toThrow();
});
