import type { Moment } from "@countersign/event-log";
import { hasEditsLeft } from "../domain/ballot.ts";
import { type Act, type Ineligibility, standingFor } from "../domain/eligibility.ts";
import { isPast } from "../domain/escalation.ts";
import { sameCaller, type Principal, type PrincipalRef } from "../domain/principal.ts";
import { unknownNow } from "../domain/separation-of-duties.ts";
import { isTerminal, type RecordedAction } from "../domain/state.ts";
import { tokenFor } from "./grant-token.ts";
import type { ActionRef, ActionView, Deps } from "./ports.ts";
import { whoSpeaks } from "./who-speaks.ts";

const READERS: ReadonlySet<string> = new Set(["reviewer", "auditor", "operator", "policy_admin"]);

/**
 * The action as it is now, with its token for its requester. Undefined for whoever must not learn that it exists.
 * @param knownVersion a state as new as this will do; 0: the log is asked.
 */
export async function readAction(
  deps: Deps,
  caller: Principal,
  id: string,
  knownVersion = 0,
): Promise<{ readonly view: ActionView; readonly token: string | undefined } | undefined> {
  const view = await readable(deps, caller, id, knownVersion);
  return view && { view, token: await tokenFor(deps, view, caller) };
}

/** The action as it was at a moment, for whoever may read it now; never with a token. Undefined also when it did not exist yet. */
export async function readActionAt(deps: Deps, caller: Principal, id: string, moment: Moment): Promise<ActionView | undefined> {
  const ref: ActionRef = { tenant: caller.tenant, id };
  const version = await deps.store.versionAt(ref, moment);
  if (version === 0) return undefined;
  const { view } = await deps.store.asOf({ ref, version });
  return view.state.status !== "NONE" && mayRead(view.state, caller) ? view : undefined;
}

export type Ineligible = Ineligibility | "CAUSER_UNKNOWN" | "NOT_IN_REVIEW" | "DIRECTORY_UNREACHABLE";

/** Why this caller may not approve it now, if so; whose accounts nobody knows, so that nobody can; and what else it may do. */
export type Eligibility = {
  readonly ineligible: Ineligible | undefined;
  readonly unknown: readonly PrincipalRef[];
  readonly mayReject: boolean;
  readonly mayEdit: boolean;
};

const NOTHING_MORE = { unknown: [], mayReject: false, mayEdit: false } as const;

/** The action as a reviewer must see it. */
export async function readReview(
  deps: Deps,
  caller: Principal,
  id: string,
): Promise<({ readonly view: ActionView } & Eligibility) | undefined> {
  const view = await readable(deps, caller, id);
  return view && { view, ...(await eligibility(deps, view, caller)) };
}

async function readable(deps: Deps, caller: Principal, id: string, knownVersion = 0): Promise<ActionView | undefined> {
  const ref: ActionRef = { tenant: caller.tenant, id };
  const { view, certain } = await deps.store.load(ref);
  // What has ended still loses its contents when they are erased, so memory does not answer for it.
  const newEnough = certain || (knownVersion > 0 && view.state.version >= knownVersion && !isTerminal(view.state));
  const current = newEnough ? view : await deps.store.refresh(ref);
  return current.state.status !== "NONE" && mayRead(current.state, caller) ? current : undefined;
}

/** Whether this caller may see the action. */
export function mayRead(state: RecordedAction, caller: Principal): boolean {
  return sameCaller(state.requester, caller) || caller.roles.some((role) => READERS.has(role));
}

async function eligibility(deps: Deps, { state }: ActionView, caller: Principal): Promise<Eligibility> {
  const at = deps.clock().getTime();
  if (state.status !== "IN_REVIEW" || isPast(state.review, at)) return { ineligible: "NOT_IN_REVIEW", ...NOTHING_MORE };
  const speakers = await whoSpeaks(deps, caller, state, at);
  if (speakers === undefined) return { ineligible: "DIRECTORY_UNREACHABLE", ...NOTHING_MORE };
  const unknown = unknownNow(state, speakers);
  const as = (act: Act) => standingFor(state, { reviewer: caller, standings: speakers.standings }, act);
  const approving = as("approve");
  return {
    ineligible: typeof approving === "string" ? approving : unknown.length > 0 ? "CAUSER_UNKNOWN" : undefined,
    unknown,
    mayReject: typeof as("reject") !== "string",
    mayEdit: unknown.length === 0 && hasEditsLeft(state) && typeof as("edit") !== "string",
  };
}
