import { create } from "@bufbuild/protobuf";
import { durationMs } from "@bufbuild/protobuf/wkt";
import { CommandError, encoded } from "@countersign/bus";
import type { RpcCall, UnaryHandler } from "@countersign/grpc-kit";
import type { Authenticated } from "@countersign/identity";
import { GetActionRequestSchema } from "@countersign/proto/v1/action_service_pb";
import { follow } from "../waiting/follow.ts";
import { type ActionReply, actionReader, isDecided } from "./action-reader.ts";
import { ask } from "./ask.ts";
import { admit, commandOf } from "./caller.ts";
import type { HandlerDeps } from "./deps.ts";
import { durabilityOf, onceFirm } from "./durability.ts";
import { readRequestAction } from "./routes.ts";
import { actionStateOf } from "./wire/action-state.ts";

/** Kept back from the caller's deadline, so that the state as it is still reaches it. */
const ANSWER_MS = 100;

/** Serves RequestAction: one command and, with `wait`, the action's state once it left review or the time is over. */
export function requestAction(deps: HandlerDeps): UnaryHandler {
  return async (request, call) => {
    const caller = await admit("RequestAction", call, deps);
    const asked = readRequestAction(request, caller.principal);
    const durability = durabilityOf(asked);
    const reply = await ask(deps, { service: "approval", method: "RequestAction" }, commandOf(caller, call, request), call);
    const waitMs = asked.wait === undefined ? 0 : durationMs(asked.wait);
    const decided = waitMs === 0 ? reply : await waitForDecision(deps, caller, call, reply, waitMs).catch(orElse(reply));
    return onceFirm(deps, caller, call, { reply: decided, durability, recordedIn: actionStateOf });
  };
}

/**
 * The action is recorded and people know of it: whatever goes wrong with the waiting, the caller must learn its id. A caller that is gone, or that
 * a closing gateway sends elsewhere, repeats the call with its key.
 */
function orElse(reply: Uint8Array) {
  return (error: unknown): Uint8Array => {
    if (error instanceof CommandError && error.reason !== "SHUTTING_DOWN") return reply;
    throw error;
  };
}

async function waitForDecision(
  deps: HandlerDeps,
  caller: Authenticated,
  call: RpcCall,
  reply: Uint8Array,
  waitMs: number,
): Promise<Uint8Array> {
  const { clock, changes, config } = deps;
  const requested = actionStateOf(reply);
  if (isDecided(requested)) return reply;
  call.park();
  const until = Math.min(clock().getTime() + waitMs, caller.expiresAt.getTime());
  const remainingMs = (): number => Math.min(until - clock().getTime(), call.remainingMs(Infinity) - ANSWER_MS);
  if (remainingMs() <= 0) return reply;
  const request = encoded(GetActionRequestSchema, create(GetActionRequestSchema, { actionId: requested.id }));
  const watch = changes.watchAction(caller.principal.tenant, requested.id);
  try {
    const last = await follow<ActionReply>({
      watch,
      read: actionReader(deps, caller, call, { method: "GetAction", request }),
      afterVersion: requested.version,
      onChange: async () => {},
      isOver: isDecided,
      remainingMs,
      recheckMs: config.recheckMs,
      random: deps.random,
      signal: call.signal,
    });
    // GetActionResponse and RequestActionResponse are the same on the wire: action = 1, grant_token = 2.
    return last.reply;
  } finally {
    call.causedBy(watch.cause);
    watch.close();
  }
}
