import { create, toBinary } from "@bufbuild/protobuf";
import { EventLogError } from "@countersign/event-log";
import { CommandSchema } from "@countersign/proto/internal/v1/command_pb";
import { GetActionRequestSchema } from "@countersign/proto/v1/action_service_pb";
import { PrincipalType } from "@countersign/proto/v1/principal_pb";
import { expect, test } from "vitest";
import { call } from "./call.ts";

test("P7: whoever asks for what the log cannot hold is told which limit", async () => {
  const handler = call(GetActionRequestSchema, () => Promise.reject(new EventLogError("invalid", "an event of it is too large")));
  const caller = { tenant: "acme", issuer: "https://issuer.test", id: "agent", type: PrincipalType.AGENT };
  const command = create(CommandSchema, { caller, request: toBinary(GetActionRequestSchema, create(GetActionRequestSchema)) });
  await expect(handler(command)).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
    reason: "TOO_LARGE",
    message: "The request cannot be recorded as it is: an event of it is too large.",
  });
});
