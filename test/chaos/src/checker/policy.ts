import { VerdictOutcome } from "@countersign/proto/v1/action_pb";
import type { Fact } from "./read-back.ts";

/**
 * P1: what was allowed, or left to people, was so by a document that was in force when it was recorded, or just before: a verdict is reached and then recorded, and another
 * policy may come into force in between. Returns each verdict for which that is not so.
 */
export function policyProblems(ledger: readonly Fact[]): readonly string[] {
  const tenants = new Map<string, Policies>();
  return ledger.flatMap(({ payload, event }) => {
    const { tenant, id } = event.stream;
    const policies = tenants.get(tenant) ?? { published: new Map<bigint, Uint8Array>(), activated: [] };
    tenants.set(tenant, policies);
    if (payload.type === "PolicyPublished") policies.published.set(payload.data.revision, payload.data.documentDigest);
    if (payload.type === "PolicyActivated") policies.activated.push({ revision: payload.data.revision, since: event.time.getTime() });
    if (payload.type !== "VerdictReached" || payload.data.verdict === undefined) return [];
    const { outcome, revision } = payload.data.verdict;
    if (outcome === VerdictOutcome.DENY) return [];
    if (!wasInForce(policies, revision, event.time.getTime()))
      return [`${id}: has a verdict of revision ${revision}, which was not in force`];
    const document = policies.published.get(revision);
    const same = document !== undefined && Buffer.compare(document, payload.data.policyDigest) === 0;
    return same ? [] : [`${id}: has a verdict of another document than that of revision ${revision}`];
  });
}

type Policies = {
  readonly published: Map<bigint, Uint8Array>;
  /** In their order. */
  readonly activated: { readonly revision: bigint; readonly since: number }[];
};

function wasInForce({ activated }: Policies, revision: bigint, at: number): boolean {
  const index = activated.findLastIndex((each) => each.revision === revision);
  const next = activated[index + 1];
  return index >= 0 && (next === undefined || at - next.since <= LATE_MS);
}

/** Longer than policy remembers, and than a verdict may be under way. */
const LATE_MS = 20_000;
