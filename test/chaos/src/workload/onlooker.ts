import { statusName } from "@countersign/client";
import { TERMINAL } from "../checker/status.ts";
import type { Told } from "../history.ts";
import { stateOf, type Caller } from "./caller.ts";

/**
 * Watches one action to its very end, across every stream that breaks. Each state is told once and in order, none after the last, and no stream ends in order before the
 * action does.
 * @throws Error when a state comes again or too late, or a stream ends too early.
 */
export async function lookOn(caller: Caller, actionId: string): Promise<void> {
  let last: Told | undefined;
  const watch: Parameters<typeof caller.follow<Told>>[1] = async ({ actions }) => {
    const request = { actionId, afterVersion: last?.version ?? 0n };
    for await (const { action, grantToken } of actions.watchAction(request, { signal: caller.until })) {
      if (action === undefined) throw new Error("a watch told of no action");
      if (last !== undefined && action.version <= last.version)
        throw new Error(`a watch told version ${action.version} after ${last.version}`);
      if (isOver(last)) throw new Error(`a watch told version ${action.version} after the end`);
      last = action;
      caller.acknowledge("watched", action, { grantToken });
    }
    if (last === undefined || !isOver(last)) throw new Error(`a watch ended while the action was ${stateOf(last)}`);
    return last;
  };
  await caller.follow("watch", watch, stateOf);
}

function isOver(told: Told | undefined): boolean {
  return told !== undefined && TERMINAL.has(statusName(told.status));
}
