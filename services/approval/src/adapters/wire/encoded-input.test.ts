import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { ActionSchema } from "@countersign/proto/v1/action_pb";
import { EvaluateRequestSchema } from "@countersign/proto/internal/v1/command_pb";
import { describe, expect, it } from "vitest";
import { exportInput } from "../../testing/test-approval.ts";
import { inputField } from "./encoded-input.ts";

describe("inputField", () => {
  it.each([
    [ActionSchema, 5],
    [EvaluateRequestSchema, 2],
  ] as const)("is read as the input of %o in field %i", (schema, no) => {
    expect(schema.field.input.number).toBe(no);
    const message = create(schema);
    message.$unknown = [inputField(no, exportInput)];
    const read = fromBinary(schema, toBinary(schema, message));
    expect(read).toEqual(create(schema, { input: exportInput }));
  });
});
