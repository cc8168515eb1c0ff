import type { UnaryHandler } from "@countersign/grpc-kit";
import { ask } from "./ask.ts";
import { admit, commandOf } from "./caller.ts";
import type { HandlerDeps } from "./deps.ts";
import { durabilityOf, onceFirm } from "./durability.ts";
import { type CommandName, COMMANDS, type Route } from "./routes.ts";
import { actionStateOf } from "./wire/action-state.ts";

/** Serves a method that is one command: the request's own bytes go to the service, the reply's own bytes come back, when they are as firm as asked for. */
export function forward(rpc: CommandName, deps: HandlerDeps): UnaryHandler {
  const { service, read, recordedIn = actionStateOf }: Route = COMMANDS[rpc];
  return async (request, call) => {
    const caller = await admit(rpc, call, deps);
    const durability = durabilityOf(read(request, caller.principal));
    const reply = await ask(deps, { service, method: rpc }, commandOf(caller, call, request), call);
    return onceFirm(deps, caller, call, { reply, durability, recordedIn });
  };
}
