import type { Content } from "@countersign/event-log";
import type { ActionCommand } from "../domain/commands.ts";
import { actionDecider } from "../domain/decider.ts";
import type { Principal } from "../domain/principal.ts";
import { isRejection, type Rejection, type RejectionCode } from "../domain/rejection.ts";
import type { Causer } from "../domain/separation-of-duties.ts";
import type { Hex } from "../domain/values.ts";
import { mayRead } from "./read-action.ts";
import type { ActionRef, ActionStore, ActionView, Bookmark, Change, Loaded } from "./ports.ts";

/** A rejection, or why there is nothing to decide on. */
export type RefusalCode =
  | RejectionCode
  | "POLICY_UNREACHABLE"
  | "DIRECTORY_UNREACHABLE"
  | "REVIEW_QUOTA"
  | "CONTENT_ERASED"
  | "EDIT_NOT_ALLOWED"
  | "PATCH_INVALID";

/** More about a refusal, for programs. */
export type RefusalDetails = Readonly<Record<string, string>>;

/** A command as prepared for the state it will be decided on, and what is recorded beside its events; or why there is none. */
export type Step =
  | {
      readonly command: ActionCommand;
      readonly contents?: readonly Content[];
      readonly erased?: readonly Hex[];
      readonly idempotency?: Change["idempotency"];
    }
  | { readonly refusal: Exclude<RefusalCode, "WRONG_STATE">; readonly details?: RefusalDetails }
  | "already so"
  | Rejection;

export type Refused = {
  readonly outcome: "refused";
  readonly code: RefusalCode;
  readonly details?: RefusalDetails;
  /** Of WRONG_STATE: where the action is and where it would have to be. */
  readonly misplaced?: Misplaced;
};

export type Misplaced = { readonly status: string; readonly version: number; readonly needs: string };

export type Handled =
  | { readonly outcome: "done"; readonly view: ActionView; readonly lastPosition: number }
  /** Already so; nothing was recorded. */
  | { readonly outcome: "unchanged"; readonly view: ActionView }
  | Refused
  | { readonly outcome: "replayed"; readonly bookmark: Bookmark }
  | { readonly outcome: "key_reused" }
  /** Others were faster, again and again. */
  | { readonly outcome: "lost_race" };

export type Origin = { readonly actor: Principal | undefined; readonly traceparent: string };

const ATTEMPTS = 10;

/**
 * Load, decide, append; decide again when somebody else appended first. A cached state is good enough to append on, since the version
 * decides; it is not good enough to refuse on or to leave things as they are: then the log is asked first.
 */
export async function handle(
  store: ActionStore,
  start: ActionRef | Loaded,
  origin: Origin,
  prepare: (view: ActionView) => Step | Promise<Step>,
): Promise<Handled> {
  let { view, certain } = "view" in start ? start : await store.load(start);
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    const step = await prepare(view);
    const decided = decideStep(step, view, origin.actor);
    if ("outcome" in decided) {
      if (certain) return decided;
    } else {
      const commit = await store.commit(view, { ...decided, ...origin });
      if (commit.outcome === "appended") return { outcome: "done", view: commit.view, lastPosition: commit.lastPosition };
      if (commit.outcome !== "conflict") return commit;
    }
    view = await store.refresh(view.ref);
    certain = true;
  }
  return { outcome: "lost_race" };
}

function decideStep(step: Step, view: ActionView, actor: Principal | undefined): Handled | Omit<Change, keyof Origin> {
  if (step === "already so") return { outcome: "unchanged", view };
  if ("refusal" in step) return { outcome: "refused", code: step.refusal, ...(step.details && { details: step.details }) };
  if ("code" in step) return refusedBy(step, view, actor);
  const decision = actionDecider.decide(step.command, view.state);
  if (isRejection(decision)) return refusedBy(decision, view, actor);
  if (decision.length === 0) return { outcome: "unchanged", view };
  return { events: decision, contents: step.contents ?? [], erased: step.erased ?? [], at: step.command.at, idempotency: step.idempotency };
}

/** Accounts by what they are to the request: `owner`, `requester`, `acting_for`. */
export function detailsOf(causers: readonly Causer[]): RefusalDetails {
  const named = Map.groupBy(causers, ({ part }) => part);
  return Object.fromEntries([...named].map(([part, of]) => [part, of.map(({ issuer, id }) => `${issuer}#${id}`).join(", ")]));
}

/** P8: where the action is learns only who may see it. */
function refusedBy(rejection: Rejection, { state }: ActionView, actor: Principal | undefined): Refused {
  const { code } = rejection;
  if (code === "CAUSER_UNKNOWN") return { outcome: "refused", code, details: detailsOf(rejection.causers) };
  if (code !== "WRONG_STATE" || state.status === "NONE" || actor === undefined || !mayRead(state, actor))
    return { outcome: "refused", code };
  const { status, version } = state;
  return { outcome: "refused", code, misplaced: { status, version, needs: rejection.needs } };
}
