import { handle, type Handled } from "./handle.ts";
import type { ActionRef, Caller, Deps } from "./ports.ts";
import { whoSpeaks } from "./who-speaks.ts";

/** A reviewer is looking at it. */
export function claimReview(deps: Deps, { principal: reviewer, traceparent }: Caller, ref: ActionRef): Promise<Handled> {
  return handle(deps.store, ref, { actor: reviewer, traceparent }, async ({ state }) => {
    const at = deps.clock().getTime();
    const speakers = await whoSpeaks(deps, reviewer, state, at);
    if (speakers === undefined) return { refusal: "DIRECTORY_UNREACHABLE" };
    return { command: { type: "ClaimReview", at, reviewer, standings: speakers.standings } };
  });
}

/** Not any more. */
export function releaseReview(deps: Deps, { principal: reviewer, traceparent }: Caller, ref: ActionRef): Promise<Handled> {
  return handle(deps.store, ref, { actor: reviewer, traceparent }, () => ({
    command: { type: "ReleaseReview", at: deps.clock().getTime(), reviewer },
  }));
}
