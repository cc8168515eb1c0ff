import type { PolicyState, Revision } from "../domain/stream-state.ts";

const DEFAULT_SIZE = 50;
const MAX_SIZE = 200;

export type RevisionPage = {
  readonly revisions: readonly Revision[];
  /** Revisions below this one are on the next page; undefined on the last. */ readonly next: number | undefined;
};

/** Newest first, from below `before` on. A revision that is published between two pages shows on neither. */
export function pageOfRevisions(state: PolicyState, size: number, before = Number.POSITIVE_INFINITY): RevisionPage {
  const wanted = size === 0 ? DEFAULT_SIZE : Math.min(size, MAX_SIZE);
  const older = state.revisions.filter(({ revision }) => revision < before).toReversed();
  const revisions = older.slice(0, wanted);
  return { revisions, next: older.length > wanted ? revisions.at(-1)?.revision : undefined };
}
