import { create, toBinary } from "@bufbuild/protobuf";
import { CommandSchema } from "@countersign/proto/internal/v1/command_pb";
import { expect, test } from "vitest";
import { decodeRequest } from "./decode-request.ts";

test("P7: a request that is no such message is refused, and named", () => {
  expect(decodeRequest(CommandSchema, toBinary(CommandSchema, create(CommandSchema, { timeoutMs: 7 }))).timeoutMs).toBe(7);
  expect(() => decodeRequest(CommandSchema, new Uint8Array([255]))).toThrow(
    expect.objectContaining({ reason: "MALFORMED", message: "The request is not a well-formed countersign.internal.v1.Command." }),
  );
});
