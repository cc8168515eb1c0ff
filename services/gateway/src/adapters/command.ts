import type { UnaryHandler } from "@countersign/grpc-kit";
import { ask } from "./ask.ts";
import { admit, commandOf } from "./caller.ts";
import type { HandlerDeps } from "./deps.ts";
import { type CommandName, COMMANDS } from "./routes.ts";

/** Serves a method that is one command: the request's own bytes go to the service, the reply's own bytes come back. */
export function forward(rpc: CommandName, deps: HandlerDeps): UnaryHandler {
  const { service, read } = COMMANDS[rpc];
  return async (request, call) => {
    const caller = await admit(rpc, call, deps.authenticator);
    read(request, caller.principal);
    return ask(deps, { service, method: rpc }, commandOf(caller, call, request), call);
  };
}
