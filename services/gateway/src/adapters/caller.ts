import { CommandError } from "@countersign/bus";
import type { RpcCall } from "@countersign/grpc-kit";
import { type Authenticated, AuthenticationError, type AuthenticationFailure, type Authenticator } from "@countersign/identity";
import type { Command } from "@countersign/proto/internal/v1/command_pb";
import { currentTraceparent, isTraceparent } from "@countersign/telemetry";
import { mayCall, rolesFor, type RpcName } from "../access.ts";
import { urgencyOf } from "../urgency.ts";
import type { HandlerDeps } from "./deps.ts";
import { COMMANDS, type CommandName } from "./routes.ts";

/** Who calls, if they may, once there is a place for the call. @throws CommandError UNAUTHENTICATED, UNAVAILABLE, PERMISSION_DENIED or RESOURCE_EXHAUSTED. */
export async function admit(rpc: RpcName, call: RpcCall, deps: Pick<HandlerDeps, "authenticator" | "gate">): Promise<Authenticated> {
  const caller = await identify(rpc, call, deps.authenticator);
  // What audit is asked for may take long on a quiet day.
  const timed = !(rpc in COMMANDS && COMMANDS[rpc as CommandName].service === "audit");
  await deps.gate.enter(call, { tenant: caller.principal.tenant, urgency: urgencyOf(rpc), timed });
  return caller;
}

async function identify(rpc: RpcName, call: RpcCall, authenticator: Authenticator): Promise<Authenticated> {
  const caller = await authenticator
    .authenticate(call.bearerToken, () => call.peerCertificate)
    .catch((error: unknown) => {
      throw error instanceof AuthenticationError ? toCommandError(error) : error;
    });
  if (mayCall(rpc, caller.principal.roles)) {
    call.admitted(caller.principal.tenant, caller.expiresAt);
    return caller;
  }
  throw roleMissing(rpc, caller);
}

function roleMissing(rpc: RpcName, { withheldRoles }: Authenticated): CommandError {
  const roles = rolesFor(rpc);
  const needed = roles.join(", ");
  const withheld = roles.filter((role) => withheldRoles.includes(role)).join(", ");
  const why =
    withheld === "" ? "" : ` The token claims ${withheld}, which its issuer may not give here (mayGive in the settings of issuers).`;
  return new CommandError("PERMISSION_DENIED", "ROLE_MISSING", `${rpc} needs one of these roles: ${needed}.${why}`, {
    metadata: { roles: needed, ...(withheld === "" ? {} : { withheld }) },
  });
}

/** The command that carries this call to a service. */
export function commandOf({ principal }: Authenticated, call: Pick<RpcCall, "header">, request: Uint8Array): Command {
  const traceparent = currentTraceparent() || given(call.header("traceparent"));
  return { $typeName: "countersign.internal.v1.Command", caller: principal, traceparent, request, knownVersion: 0n, timeoutMs: 0 };
}

/** Where nothing is traced here, the caller's own trace is what the log names. */
function given(traceparent: string): string {
  return isTraceparent(traceparent) ? traceparent : "";
}

/** For calls that go on for long. @throws CommandError TOKEN_EXPIRED once the caller's token has. */
export function stillKnown({ expiresAt }: Authenticated, { clock }: Pick<HandlerDeps, "clock">): void {
  if (clock() >= expiresAt) throw tokenExpired();
}

/** For calls that outlive a token. */
export function tokenExpired(): CommandError {
  return new CommandError("UNAUTHENTICATED", "TOKEN_EXPIRED", "The token has expired; go on with a new one.");
}

const CODES: Readonly<Record<AuthenticationFailure, "UNAUTHENTICATED" | "UNAVAILABLE">> = {
  TOKEN_MISSING: "UNAUTHENTICATED",
  TOKEN_INVALID: "UNAUTHENTICATED",
  TOKEN_EXPIRED: "UNAUTHENTICATED",
  ISSUER_UNREACHABLE: "UNAVAILABLE",
};

/** Forged tokens come by the thousand: only what an operator must look into goes to the log with its cause. */
function toCommandError({ code, message, cause }: AuthenticationError): CommandError {
  return new CommandError(CODES[code], code, message, code === "ISSUER_UNREACHABLE" ? { cause } : {});
}
