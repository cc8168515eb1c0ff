import type { Moment } from "@countersign/event-log";
import { hasEditsLeft, reopened } from "../domain/ballot.ts";
import { type Act, type Ineligibility, standingFor } from "../domain/eligibility.ts";
import { asEscalated } from "../domain/escalation.ts";
import { lateness } from "../domain/lateness.ts";
import { sameCaller, type Principal, type PrincipalRef } from "../domain/principal.ts";
import { unknownNow } from "../domain/separation-of-duties.ts";
import { type ActionState, type InReview, isTerminal, type RecordedAction } from "../domain/state.ts";
import type { Instant } from "../domain/values.ts";
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

/** Why this caller may not approve it now, or take back what was approved, if so; whose accounts nobody knows, so that nobody can; and what else it may do. */
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
  const open = whatIsOpen(state, at);
  if (open === undefined) return { ineligible: "NOT_IN_REVIEW", ...NOTHING_MORE };
  const speakers = await whoSpeaks(deps, caller, state, at);
  if (speakers === undefined) return { ineligible: "DIRECTORY_UNREACHABLE", ...NOTHING_MORE };
  const as = (act: Act) => standingFor(open, { reviewer: caller, standings: speakers.standings }, act);
  const rejecting = as("reject");
  const mayReject = typeof rejecting !== "string";
  if (state.status === "APPROVED") return { ...NOTHING_MORE, ineligible: mayReject ? "NOT_IN_REVIEW" : rejecting, mayReject };
  const unknown = unknownNow(open, speakers);
  const approving = as("approve");
  return {
    ineligible: typeof approving === "string" ? approving : unknown.length > 0 ? "CAUSER_UNKNOWN" : undefined,
    unknown,
    mayReject,
    mayEdit: unknown.length === 0 && hasEditsLeft(open) && typeof as("edit") !== "string",
  };
}

/** What a reviewer can still say something to: what is in review, or was approved and is unused. */
function whatIsOpen(state: ActionState, at: Instant): InReview | undefined {
  if (lateness(state, at) !== undefined) return undefined;
  if (state.status === "APPROVED") return reopened(state);
  return state.status === "IN_REVIEW" ? asEscalated(state, at) : undefined;
}
