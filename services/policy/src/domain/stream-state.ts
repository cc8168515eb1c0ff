import type { PrincipalRef } from "./input.ts";
import type { PolicyEvent } from "./stream-events.ts";

export type Revision = {
  readonly revision: number;
  readonly documentDigest: string;
  readonly contentDigest: string;
  readonly publisher: PrincipalRef | undefined;
  readonly timeMs: number;
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
      return { ...state, active: event.revision };
  }
}

/** The number of the newest revision; 0: there is none. */
export function newestRevision({ revisions }: PolicyState): number {
  return revisions.at(-1)?.revision ?? 0;
}

export function findRevision(state: PolicyState, revision: number): Revision | undefined {
  return state.revisions.find((candidate) => candidate.revision === revision);
}
