import { readStream } from "@countersign/bus";
import type { StreamHandler } from "@countersign/grpc-kit";
import { admit, commandOf, stillKnown } from "./caller.ts";
import type { HandlerDeps } from "./deps.ts";
import { type StreamName, STREAMS } from "./routes.ts";

/**
 * Serves a method that is one command with many replies: the service's bytes go out as they come, at the pace at which the caller reads, until its token
 * has expired.
 */
export function forwardStream(rpc: StreamName, deps: HandlerDeps): StreamHandler {
  const { service, read } = STREAMS[rpc];
  return async (request, call, send) => {
    const caller = await admit(rpc, call, deps);
    read(request, caller.principal);
    const command = commandOf(caller, call, request);
    const goOn = (): void => {
      call.signal.throwIfAborted();
      stillKnown(caller, deps);
    };
    const options = { timeoutMs: deps.config.callTimeoutMs, goOn };
    for await (const message of readStream(deps.commands, { service, method: rpc }, command, options)) {
      stillKnown(caller, deps);
      call.holds(message.length);
      await send(message);
    }
  };
}
