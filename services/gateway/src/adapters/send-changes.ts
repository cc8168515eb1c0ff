import type { RpcCall, Send } from "@countersign/grpc-kit";
import type { Authenticated } from "@countersign/identity";
import { follow, type FollowOptions } from "../waiting/follow.ts";
import { type ActionReply, actionReader } from "./action-reader.ts";
import { tokenExpired } from "./caller.ts";
import type { HandlerDeps } from "./deps.ts";

/** What a stream of an action's changes is made of; `request` is the WatchActionRequest that stands for it. */
export type Changing = Pick<FollowOptions<ActionReply>, "watch" | "afterVersion" | "known" | "isOver"> & { readonly request: Uint8Array };

/**
 * Sends the action's state at each change, as `approval` tells it to this caller, until it is over. The call counts as one that waits from its first look on.
 * @throws CommandError TOKEN_EXPIRED when the caller's token is first.
 */
export async function sendChanges(
  deps: HandlerDeps,
  caller: Authenticated,
  call: RpcCall,
  { request, ...changing }: Changing,
  send: Send,
): Promise<void> {
  const { clock, config, random } = deps;
  const look = actionReader(deps, caller, call, { method: "WatchAction", request });
  const last = await follow<ActionReply>({
    ...changing,
    read: async (knownVersion) => {
      const seen = await look(knownVersion);
      call.park();
      return seen;
    },
    onChange: async (state) => {
      // The request is held for as long as the call lasts.
      call.holds(request.length + state.reply.length);
      await send(state.reply, { last: changing.isOver(state) });
      call.holds(request.length);
    },
    remainingMs: () => caller.expiresAt.getTime() - clock().getTime(),
    recheckMs: config.recheckMs,
    random,
    signal: call.signal,
  });
  if (!changing.isOver(last)) throw tokenExpired();
}
