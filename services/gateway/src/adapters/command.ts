import type { UnaryHandler } from "@countersign/grpc-kit";
import { admit, commandOf } from "./caller.ts";
import type { HandlerDeps } from "./deps.ts";
import { type CommandName, COMMANDS } from "./routes.ts";

/** Serves a method that is one command: the request's own bytes go to the service, the reply's own bytes come back. */
export function forward(rpc: CommandName, { authenticator, commands, config }: HandlerDeps): UnaryHandler {
  const { service, read } = COMMANDS[rpc];
  return async (request, call) => {
    const caller = await admit(rpc, call, authenticator);
    read(request, caller.principal);
    return commands.send(service, rpc, commandOf(caller, call, request), { timeoutMs: call.remainingMs(config.callTimeoutMs) });
  };
}
