import { timestampMs, type Timestamp } from "@bufbuild/protobuf/wkt";
import { CommandError } from "@countersign/bus";
import type { Command } from "@countersign/proto/internal/v1/command_pb";
import { PrincipalType, SignInStrength, type Principal } from "@countersign/proto/v1/principal_pb";
import type { ChangedBy } from "../../usecases/ports.ts";

/** Who calls; the front door, or another service, has verified it. @throws CommandError */
export function callerOf(command: Command): Principal {
  if (command.caller === undefined || command.caller.tenant === "") {
    throw new CommandError("UNAUTHENTICATED", "TOKEN_MISSING", "The command does not say whose it is.");
  }
  return command.caller;
}

/** Who changes the directory by this command. @throws CommandError */
export function changedBy(command: Command, atMs: number): ChangedBy {
  const { issuer, id } = callerOf(command);
  return { actor: { issuer, id }, atMs, traceparent: command.traceparent };
}

/**
 * A human who speaks for itself. What people say of themselves is theirs to say: no agent, and nobody on their behalf.
 * @throws CommandError PERMISSION_DENIED
 */
export function humanOf(command: Command): Principal {
  const caller = callerOf(command);
  if (caller.type === PrincipalType.HUMAN && caller.chain.length === 0) return caller;
  throw new CommandError("PERMISSION_DENIED", "NOT_HUMAN", "Only a human who signed in itself may say this.");
}

/**
 * A human in a session of its own. A click in a chat proves less, and the sign-in of nobody proves nothing.
 * @throws CommandError PERMISSION_DENIED
 */
export function signedIn(command: Command): Principal {
  const caller = humanOf(command);
  if (caller.signIn >= SignInStrength.SESSION) return caller;
  throw new CommandError("PERMISSION_DENIED", "SIGN_IN_TOO_WEAK", "Sign in and try again.");
}

/** @throws CommandError INVALID_ARGUMENT when absent. */
export function timeOf(field: string, time: Timestamp | undefined): number {
  if (time !== undefined) return timestampMs(time);
  throw invalid(field, "is required");
}

export function invalid(field: string, description: string): CommandError {
  return new CommandError("INVALID_ARGUMENT", "FIELD_VIOLATION", `${field} ${description}`, { violations: [{ field, description }] });
}
