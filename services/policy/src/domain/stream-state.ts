import type { PrincipalRef } from "./input.ts";
import type { PolicyActivated, PolicyEvent } from "./stream-events.ts";

/** A time in which a revision was in force; it still is while `toMs` is undefined. */
export type Term = { readonly activator: PrincipalRef | undefined; readonly fromMs: number; readonly toMs: number | undefined };

export type Revision = {
  readonly revision: number;
  readonly documentDigest: string;
  readonly contentDigest: string;
  readonly publisher: PrincipalRef | undefined;
  readonly timeMs: number;
  /** The last one; undefined when it was never in force. */
  readonly term?: Term | undefined;
};

/** A tenant's policy: its revisions, oldest first, and the one in force (0: none). */
export type PolicyState = { readonly revisions: readonly Revision[]; readonly active: number };

export const initialState: PolicyState = { revisions: [], active: 0 };

/** The past is accepted: it never throws. */
export function evolve(state: PolicyState, event: PolicyEvent): PolicyState {
  switch (event.type) {
    case "PolicyPublished": {
      const { type: _, ...revision } = event;
      return { ...state, revisions: [...state.revisions, revision] };
    }
    case "PolicyActivated":
      return { revisions: state.revisions.map((revision) => inTurn(revision, state.active, event)), active: event.revision };
  }
}

function inTurn(revision: Revision, active: number, { revision: next, activator, timeMs }: PolicyActivated): Revision {
  if (revision.revision === next) return { ...revision, term: { activator, fromMs: timeMs, toMs: undefined } };
  if (revision.revision === active) return { ...revision, term: revision.term && { ...revision.term, toMs: timeMs } };
  return revision;
}

/** The number of the newest revision; 0: there is none. */
export function newestRevision({ revisions }: PolicyState): number {
  return revisions.at(-1)?.revision ?? 0;
}

export function findRevision(state: PolicyState, revision: number): Revision | undefined {
  return state.revisions.find((candidate) => candidate.revision === revision);
}
