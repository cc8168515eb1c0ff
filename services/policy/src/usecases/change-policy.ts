import { decide, type PolicyCommand } from "../domain/decide.ts";
import type { PrincipalRef } from "../domain/input.ts";
import { evolve, findRevision, newestRevision, type PolicyState, type Revision } from "../domain/stream-state.ts";
import type { PolicyStore, SealedDocument } from "./policy-store.ts";

/** How often a command that lost a race is decided again. */
const ATTEMPTS = 5;

/** Who changes it, when, and as part of which trace. */
export type Change = { readonly tenant: string; readonly actor: PrincipalRef; readonly timeMs: number; readonly traceparent: string };

export type Changed =
  /** @param previous the revision that was in force before; 0: none */
  | { readonly ok: true; readonly revision: Revision; readonly active: boolean; readonly previous: number }
  | { readonly ok: false; readonly code: "unusable_revision" | "lost_race" }
  | { readonly ok: false; readonly code: "unknown_revision"; readonly newest: number };

/** Stores a document that compiles as the next revision, or returns the newest one when it has the same text. */
export async function publishPolicy(store: PolicyStore, change: Change, text: string): Promise<Changed> {
  const document = store.seal(text);
  const { documentDigest, contentDigest } = document;
  const command = { type: "PublishPolicy", documentDigest, contentDigest, publisher: change.actor, timeMs: change.timeMs } as const;
  return handle(store, change, command, (state) => state.revisions.at(-1), document);
}

/** Makes a revision the one in force. One that this build could not evaluate is refused: it would leave the tenant without verdicts. */
export async function activatePolicy(
  store: PolicyStore,
  change: Change,
  revision: number,
  compiles: (text: string) => Promise<boolean>,
): Promise<Changed> {
  const { state } = await store.load(change.tenant);
  const found = findRevision(state, revision);
  if (found === undefined) return { ok: false, code: "unknown_revision", newest: newestRevision(state) };
  const text = await store.readDocument(change.tenant, found);
  if (text === undefined || !(await compiles(text))) return { ok: false, code: "unusable_revision" };
  const command = { type: "ActivatePolicy", revision, activator: change.actor, timeMs: change.timeMs } as const;
  return handle(store, change, command, (after) => findRevision(after, revision));
}

/** Load, decide, append; again from the start when somebody else appended in between. */
async function handle(
  store: PolicyStore,
  change: Change,
  command: PolicyCommand,
  find: (state: PolicyState) => Revision | undefined,
  document?: SealedDocument,
): Promise<Changed> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const { state, version } = await store.load(change.tenant);
    const decided = decide(command, state);
    if ("rejection" in decided) return { ok: false, code: decided.rejection, newest: newestRevision(state) };
    const after = decided.events.reduce(evolve, state);
    const revision = find(after);
    if (revision === undefined) throw new Error("the revision that was just decided on is not there");
    const done = { ok: true, revision, active: after.active === revision.revision, previous: state.active } as const;
    if (decided.events.length === 0) return done;
    if (await store.append({ ...change, expectedVersion: version, events: decided.events, document })) return done;
  }
  return { ok: false, code: "lost_race" };
}
