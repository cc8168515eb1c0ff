import { create } from "@bufbuild/protobuf";
import { encoded } from "@countersign/bus";
import type { RpcCall, StreamHandler } from "@countersign/grpc-kit";
import type { Authenticated } from "@countersign/identity";
import { WatchActionRequestSchema } from "@countersign/proto/v1/action_service_pb";
import { Watch } from "../waiting/watch.ts";
import { isDecided } from "./action-reader.ts";
import { ask } from "./ask.ts";
import { admit, commandOf } from "./caller.ts";
import type { HandlerDeps } from "./deps.ts";
import { durabilityOf, onceFirm } from "./durability.ts";
import { readRequestAndWatch } from "./routes.ts";
import { sendChanges } from "./send-changes.ts";
import { actionStateOf } from "./wire/action-state.ts";
import { changed, requested } from "./wire/told.ts";

/**
 * Serves RequestAndWatch: one command, whose reply is the first message, and the action's state at each change until it is decided. A place among those who
 * wait is taken before anybody hears of the action, so that nothing which is done because of the first message is missed. Without one the first
 * message is sent all the same: by then the action is recorded, and people know of it.
 */
export function requestAndWatch(deps: HandlerDeps): StreamHandler {
  return async (request, call, send) => {
    const caller = await admit("RequestAndWatch", call, deps);
    const durability = durabilityOf(readRequestAndWatch(request, caller.principal));
    const reply = await ask(deps, { service: "approval", method: "RequestAndWatch" }, commandOf(caller, call, request), call);
    const action = { ...actionStateOf(reply), reply };
    const place = isDecided(action) ? undefined : takePlace(deps, caller, call, action.id);
    try {
      await send(requested(await onceFirm(deps, caller, call, reply, durability, () => action)));
      if (place === undefined) return;
      if (!(place instanceof Watch)) throw place.refused;
      const state = encoded(WatchActionRequestSchema, create(WatchActionRequestSchema, { actionId: action.id }));
      const changing = { watch: place, request: state, afterVersion: action.version, known: action, isOver: isDecided };
      await sendChanges(deps, caller, call, changing, (next) => send(changed(next)));
    } finally {
      if (place instanceof Watch) {
        call.causedBy(place.cause);
        place.close();
      }
    }
  };
}

/** From here on the call counts as one that waits. */
function takePlace(
  { changes }: HandlerDeps,
  { principal }: Authenticated,
  call: RpcCall,
  actionId: string,
): Watch | { readonly refused: unknown } {
  try {
    call.park();
    return changes.watchAction(principal.tenant, actionId);
  } catch (refused) {
    return { refused };
  }
}
