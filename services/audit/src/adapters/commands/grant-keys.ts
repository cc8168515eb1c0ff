import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import type { CommandBus } from "@countersign/bus";
import { parseGrantKeys, type GrantKey } from "@countersign/evidence";
import { CommandSchema } from "@countersign/proto/internal/v1/command_pb";
import { GetGrantKeysRequestSchema, GetGrantKeysResponseSchema } from "@countersign/proto/v1/action_service_pb";
import type { Principal } from "@countersign/proto/v1/principal_pb";

const TIMEOUT_MS = 5000;

/** The public keys that votes and grants are and were signed with. @throws CommandError when `approval` does not answer */
export async function fetchGrantKeys(commands: Pick<CommandBus, "send">, caller: Principal): Promise<readonly GrantKey[]> {
  const request = toBinary(GetGrantKeysRequestSchema, create(GetGrantKeysRequestSchema));
  const reply = await commands.send("approval", "GetGrantKeys", create(CommandSchema, { caller, request }), { timeoutMs: TIMEOUT_MS });
  return parseGrantKeys(fromBinary(GetGrantKeysResponseSchema, reply).jwks);
}
