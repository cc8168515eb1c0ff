import { create } from "@bufbuild/protobuf";
import { encoded } from "@countersign/bus";
import type { RpcCall, Send, StreamHandler } from "@countersign/grpc-kit";
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
import { type ActionState, actionStateOf } from "./wire/action-state.ts";
import { changed, requested } from "./wire/told.ts";

/** Whose action is waited for, and from where on. */
type Waiting = { readonly caller: Authenticated; readonly action: ActionState; readonly watch: Watch };

/**
 * Serves RequestAndWatch: one command, whose reply is the first message, and the action's state at each change until it is decided. In two steps: the one that
 * may take days holds neither the request nor the reply.
 */
export function requestAndWatch(deps: HandlerDeps): StreamHandler {
  return (request, call, send) => begin(deps, request, call, send).then((waiting) => waiting && goOn(deps, waiting, call, send));
}

/**
 * A place among those who wait is taken before anybody hears of the action, so that nothing which is done because of the first message is missed. Without one
 * the first message is sent all the same: by then the action is recorded, and people know of it. Where nobody waits afterwards, it is
 * the last one: the call still has its place among those that are worked on, which it may not hold for as long as its caller pleases.
 */
async function begin(deps: HandlerDeps, request: Uint8Array, call: RpcCall, send: Send): Promise<Waiting | undefined> {
  const caller = await admit("RequestAndWatch", call, deps);
  const durability = durabilityOf(readRequestAndWatch(request, caller.principal));
  const reply = await ask(deps, { service: "approval", method: "RequestAndWatch" }, commandOf(caller, call, request), call);
  const action = actionStateOf(reply);
  const place = isDecided(action) ? undefined : takePlace(deps, caller, call, action.id);
  try {
    const message = requested(await onceFirm(deps, caller, call, { reply, durability, recordedIn: () => action }));
    await send(message, { last: !(place instanceof Watch) });
    if (place === undefined) return undefined;
    if (!(place instanceof Watch)) throw place.refused;
    // Only now: the first message is as large as the request, and counts by it for whoever never reads.
    call.forgetRequest();
    return { caller, action, watch: place };
  } catch (error) {
    if (place instanceof Watch) place.close();
    throw error;
  }
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

async function goOn(deps: HandlerDeps, { caller, action, watch }: Waiting, call: RpcCall, send: Send): Promise<void> {
  const request = encoded(WatchActionRequestSchema, create(WatchActionRequestSchema, { actionId: action.id }));
  const known = { ...action, reply: NOTHING };
  try {
    const changing = { watch, request, afterVersion: action.version, known, isOver: isDecided };
    await sendChanges(deps, caller, call, changing, (state, order) => send(changed(state), order));
  } finally {
    call.causedBy(watch.cause);
    watch.close();
  }
}

/** Of a state that was told already. */
const NOTHING = new Uint8Array();
