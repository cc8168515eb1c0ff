import { readStream } from "@countersign/bus";
import type { StreamHandler } from "@countersign/grpc-kit";
import { admit, commandOf } from "./caller.ts";
import type { HandlerDeps } from "./deps.ts";
import { type StreamName, STREAMS } from "./routes.ts";

/** Serves a method that is one command with many replies: the service's bytes go out as they come, at the pace at which the caller reads. */
export function forwardStream(rpc: StreamName, deps: HandlerDeps): StreamHandler {
  const { service, read } = STREAMS[rpc];
  return async (request, call, send) => {
    const caller = await admit(rpc, call, deps);
    read(request, caller.principal);
    const command = commandOf(caller, call, request);
    const options = { timeoutMs: deps.config.callTimeoutMs, signal: call.signal };
    for await (const message of readStream(deps.commands, { service, method: rpc }, command, options)) await send(message);
  };
}
