import type { StreamHandler } from "@countersign/grpc-kit";
import { isDecided, isTerminal } from "./action-reader.ts";
import { admit } from "./caller.ts";
import type { HandlerDeps } from "./deps.ts";
import { readWatchAction } from "./routes.ts";
import { sendChanges } from "./send-changes.ts";

/**
 * Serves WatchAction: the action's state at each change, until it is terminal (or decided, if that is all the caller wants) or the caller's token has expired.
 * The first look costs what GetAction costs, and counts as that does: watches are no way around a tenant's share.
 */
export function watchAction(deps: HandlerDeps): StreamHandler {
  return async (request, call, send) => {
    const caller = await admit("WatchAction", call, deps);
    const { actionId, afterVersion, untilDecided } = readWatchAction(request, caller.principal);
    const watch = deps.changes.watchAction(caller.principal.tenant, actionId);
    try {
      const isOver = untilDecided ? isDecided : isTerminal;
      await sendChanges(deps, caller, call, { watch, request, afterVersion: Number(afterVersion), isOver }, send);
    } finally {
      call.causedBy(watch.cause);
      watch.close();
    }
  };
}
