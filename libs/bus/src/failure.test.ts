import { create, toBinary } from "@bufbuild/protobuf";
import { CommandFailureSchema } from "@countersign/proto/internal/v1/command_pb";
import { expect, test } from "vitest";
import { CommandError, FAILURE_CODES, FAILURE_REASONS } from "./commands.ts";
import { decodeFailure, encodeFailure } from "./failure.ts";

test.each(FAILURE_CODES)("%s travels", (code) => {
  expect(decodeFailure(encodeFailure(new CommandError(code, "BUG", "x"))).code).toBe(code);
});

test.each(FAILURE_REASONS)("%s travels", (reason) => {
  expect(decodeFailure(encodeFailure(new CommandError("ABORTED", reason, "x"))).reason).toBe(reason);
});

test("a code or reason that this build does not know is internal, never a success", () => {
  const foreign = (fields: { code: string; reason: string }) =>
    decodeFailure(toBinary(CommandFailureSchema, create(CommandFailureSchema, fields)));
  expect(foreign({ code: "OK", reason: "BUG" })).toMatchObject({ code: "INTERNAL", reason: "BUG" });
  expect(foreign({ code: "ABORTED", reason: "NEW" })).toMatchObject({ code: "INTERNAL", reason: "BUG" });
});
