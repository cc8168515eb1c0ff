import type { PrincipalRef } from "./input.ts";
import type { PolicyEvent } from "./stream-events.ts";
import { findRevision, type PolicyState } from "./stream-state.ts";

export type PublishPolicy = {
  readonly type: "PublishPolicy";
  readonly documentDigest: string;
  readonly contentDigest: string;
  readonly publisher: PrincipalRef;
  readonly timeMs: number;
};
export type ActivatePolicy = {
  readonly type: "ActivatePolicy";
  readonly revision: number;
  readonly activator: PrincipalRef;
  readonly timeMs: number;
};
export type PolicyCommand = PublishPolicy | ActivatePolicy;

/** What to record (nothing: it is so already), or why not. */
export type Decided = { readonly events: readonly PolicyEvent[] } | { readonly rejection: "unknown_revision" };

export function decide(command: PolicyCommand, state: PolicyState): Decided {
  switch (command.type) {
    case "PublishPolicy":
      return publish(command, state);
    case "ActivatePolicy":
      return activate(command, state);
  }
}

/** The newest revision's text again is no new revision: a retry or a re-run pipeline changes nothing. */
function publish(command: PublishPolicy, state: PolicyState): Decided {
  const newest = state.revisions.at(-1);
  if (newest?.documentDigest === command.documentDigest) return { events: [] };
  const { documentDigest, contentDigest, publisher, timeMs } = command;
  return { events: [{ type: "PolicyPublished", revision: (newest?.revision ?? 0) + 1, documentDigest, contentDigest, publisher, timeMs }] };
}

function activate(command: ActivatePolicy, state: PolicyState): Decided {
  if (findRevision(state, command.revision) === undefined) return { rejection: "unknown_revision" };
  if (state.active === command.revision) return { events: [] };
  const { revision, activator, timeMs } = command;
  return { events: [{ type: "PolicyActivated", revision, activator, timeMs }] };
}
