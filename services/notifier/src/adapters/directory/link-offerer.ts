import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import type { CommandBus } from "@countersign/bus";
import { CommandSchema } from "@countersign/proto/internal/v1/command_pb";
import { OfferLinkRequestSchema, OfferLinkResponseSchema } from "@countersign/proto/internal/v1/directory_pb";
import { PrincipalType } from "@countersign/proto/v1/principal_pb";
import type { Logger } from "@countersign/telemetry";
import type { AnswerPorts } from "../../usecases/answer.ts";

const TIMEOUT_MS = 2000;

/** Asks `directory` for a code that links an account. Without one people are told whom to ask. */
export function linkOfferer(commands: CommandBus, logger: Logger): AnswerPorts["offerLink"] {
  return async (tenant, { displayName, workspaceName, ...account }) => {
    const caller = { tenant, type: PrincipalType.SERVICE, issuer: "countersign", id: "notifier" };
    const request = toBinary(OfferLinkRequestSchema, create(OfferLinkRequestSchema, { account, displayName, workspaceName }));
    try {
      const reply = await commands.send("directory", "OfferLink", create(CommandSchema, { caller, request }), { timeoutMs: TIMEOUT_MS });
      const { code } = fromBinary(OfferLinkResponseSchema, reply);
      return code === "" ? undefined : code;
    } catch (err) {
      logger.warn({ err, tenant }, "no code to link an account");
      return undefined;
    }
  };
}
