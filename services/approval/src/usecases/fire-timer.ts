import type { ActionCommand } from "../domain/commands.ts";
import type { Instant } from "../domain/values.ts";
import type { TimerKind } from "../workflows/timers.ts";
import { inputOf } from "./content.ts";
import { handle, type Step } from "./handle.ts";
import { judge } from "./judge.ts";
import type { ActionRef, ActionView, Deps } from "./ports.ts";
import { strangersInReview } from "./unknown-causers.ts";

/** `done`: nothing is left for this timer to do, now or later. Else policy must be asked once more, and at the deadline at the latest. */
export type Fired = "done" | { readonly againBy: Instant };

/**
 * Does what is due. Any number of instances may fire one timer any number of times: the decider answers once. Fails by throwing, and then the
 * timer stays.
 * @param due - when it was found due, before which it is not done: by a clock that was set back since nothing would be, and nobody would come back to it
 */
export async function fireTimer(deps: Deps, ref: ActionRef, kind: TimerKind, due: Instant): Promise<Fired> {
  let deadline = 0;
  const handled = await handle(deps.store, ref, { actor: undefined, traceparent: "" }, async (view) => {
    const now = Math.max(due, deps.clock().getTime());
    if (kind !== "verdict_retry") return { command: command(kind, now) };
    if (view.state.status === "REQUESTED") ({ deadline } = view.state);
    return askAgain(deps, view, now);
  });
  if (handled.outcome === "lost_race") throw new Error(`timer ${kind} of action ${ref.id} lost every race`);
  return handled.outcome === "refused" ? { againBy: deadline } : "done";
}

/** The verdict is recorded as of the time that policy judged it by, which its rules may ask for. */
async function askAgain(deps: Deps, view: ActionView, at: Instant): Promise<Step> {
  const { state, ref } = view;
  if (state.status !== "REQUESTED" || at >= state.deadline) return { command: command("tend_review", at) };
  const asked = inputOf(view.contents, state.input);
  if (asked === undefined) return { refusal: "CONTENT_ERASED" };
  const { requester } = state;
  const evaluation = await deps.policy.evaluate({ requester, input: asked.input, at, traceparent: "" });
  if (evaluation === undefined) return { refusal: "POLICY_UNREACHABLE" };
  const { judgement } = await judge(deps, ref, { requester, ...asked, at }, evaluation);
  const strangers = await strangersInReview(deps, requester, evaluation.verdict, at);
  return { command: { type: "ReachVerdict", at, judgement, strangers } };
}

function command(kind: Exclude<TimerKind, "verdict_retry">, at: number): ActionCommand {
  switch (kind) {
    case "tend_review":
      return { type: "TendReview", at };
    case "remind_after_review":
      return { type: "TendAfterReview", at };
    case "expire_grant":
      return { type: "ExpireGrant", at };
    case "mark_unreported":
      return { type: "MarkUnreported", at };
    default:
      return kind satisfies never;
  }
}
