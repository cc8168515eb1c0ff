import type { StreamHandler } from "@countersign/grpc-kit";
import { follow } from "../waiting/follow.ts";
import { type ActionReply, actionReader, isOpen, isTerminal } from "./action-reader.ts";
import { admit, tokenExpired } from "./caller.ts";
import type { HandlerDeps } from "./deps.ts";
import { readWatchAction } from "./routes.ts";

/** Serves WatchAction: the action's state at each change, until it is terminal (or decided, if that is all the caller wants) or the caller's token has expired. */
export function watchAction(deps: HandlerDeps): StreamHandler {
  return async (request, call, send) => {
    const caller = await admit("WatchAction", call, deps);
    const { actionId, afterVersion, untilDecided } = readWatchAction(request, caller.principal);
    const isOver = untilDecided ? isDecided : isTerminal;
    const watch = deps.changes.watchAction(caller.principal.tenant, actionId);
    try {
      const last = await follow<ActionReply>({
        watch,
        read: actionReader(deps, caller, call, { method: "WatchAction", request }),
        afterVersion: Number(afterVersion),
        onChange: ({ reply }) => send(reply),
        isOver,
        remainingMs: () => caller.expiresAt.getTime() - deps.clock().getTime(),
        recheckMs: deps.config.recheckMs,
        random: deps.random,
        signal: call.signal,
      });
      if (!isOver(last)) throw tokenExpired();
    } finally {
      call.causedBy(watch.cause);
      watch.close();
    }
  };
}

const isDecided = (state: ActionReply): boolean => !isOpen(state);
