import { CommandError } from "@countersign/bus";
import type { Command } from "@countersign/proto/internal/v1/command_pb";
import { PrincipalType, type Principal } from "@countersign/proto/v1/principal_pb";

/** Who calls, in a tenant. @throws CommandError */
export function callerOf(command: Command): Principal {
  if (!command.caller?.tenant) throw new CommandError("UNAUTHENTICATED", "TOKEN_MISSING", "this needs a caller");
  return command.caller;
}

/** Who calls, if they may change the rules. @throws CommandError */
export function policyAdminOf(command: Command): Principal {
  const caller = callerOf(command);
  if (!caller.roles.includes("policy_admin"))
    throw new CommandError("PERMISSION_DENIED", "ROLE_MISSING", "this needs the role policy_admin", { metadata: { role: "policy_admin" } });
  return caller;
}

/**
 * Who calls, if they may put rules in force. P3: no agent, and nobody through one, whatever roles its token has: it would approve what it asks for.
 * @throws CommandError
 */
export function activatorOf(command: Command): Principal {
  const caller = policyAdminOf(command);
  if (caller.type === PrincipalType.AGENT || caller.chain.length > 0)
    throw new CommandError("PERMISSION_DENIED", "NOT_HUMAN", "No agent puts rules in force, and nobody on behalf of others.");
  return caller;
}
