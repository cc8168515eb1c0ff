import type { CompiledPolicy } from "../domain/evaluate.ts";
import { findRevision, initialState, type Revision } from "../domain/stream-state.ts";
import { PolicyStoreError, type PolicyStore, type PolicyStream } from "./policy-store.ts";

/** The policy in force for a tenant; undefined when there is none. */
export type ActivePolicy = { readonly revision: Revision; readonly compiled: CompiledPolicy } | undefined;

export type ActivePolicies = {
  /**
   * The policy that is in force, or was less than `maxAgeMs` ago. No promise when nobody has to wait.
   * @throws PolicyStoreError when that cannot be made sure of.
   */
  get(tenant: string): ActivePolicy | Promise<ActivePolicy>;
  /** Something happened in the tenant's stream: the next `get` reads it. */
  invalidate(tenant: string): void;
  /** This revision is in force now: the next `get` reads the stream, unless that is what is known. */
  activated(tenant: string, revision: number): void;
  /** The log is another one, or an older one: nothing that was read of it counts. */
  forgetAll(): void;
};

/** What is known about one tenant. */
export type Entry = {
  stream: PolicyStream;
  active: ActivePolicy;
  /** When the read that confirmed it began; minus infinity: never, or something happened since. */
  confirmedAt: number;
  /** Counts what happened in the stream, as far as we were told. */
  invalidations: number;
  reading: Promise<void> | undefined;
};

export type ActivePoliciesDeps = {
  readonly store: PolicyStore;
  /** @throws PolicyStoreError when this build cannot compile it. */
  readonly compile: (tenant: string, text: string) => CompiledPolicy;
  readonly cache: { get(tenant: string): Entry | undefined; set(tenant: string, entry: Entry): unknown; values(): Iterable<Entry> };
  /** Milliseconds on a clock that never jumps. */
  readonly monotonicMs: () => number;
  /** No verdict comes from a policy that was last confirmed longer ago than this. */
  readonly maxAgeMs: number;
};

/** How often a read is repeated because something happened while it was under way. */
const READS = 3;

/**
 * Keeps each tenant's policy compiled. An entry is used while it is younger than half of `maxAgeMs`; then it is still used, but a read of what
 * came after it begins; from `maxAgeMs` on the caller waits for that read. So a busy tenant never waits, and without the database nothing
 * is decided any more.
 */
export function createActivePolicies(deps: ActivePoliciesDeps): ActivePolicies {
  const { cache, monotonicMs, maxAgeMs } = deps;
  const age = (entry: Entry): number => monotonicMs() - entry.confirmedAt;

  /** Callers at the same time share one read. */
  const read = (tenant: string, entry: Entry): Promise<void> => {
    entry.reading ??= refresh(deps, tenant, entry).finally(() => {
      entry.reading = undefined;
    });
    return entry.reading;
  };

  const remember = (tenant: string): Entry => {
    const entry = newEntry();
    cache.set(tenant, entry);
    return entry;
  };

  const confirm = async (tenant: string, entry: Entry): Promise<ActivePolicy> => {
    for (let reads = 0; reads < READS; reads++) {
      await read(tenant, entry);
      if (age(entry) < maxAgeMs) return entry.active;
    }
    throw new PolicyStoreError("unreachable", "the policy in force could not be confirmed in time");
  };

  const invalidate = (entry: Entry | undefined): void => {
    if (entry === undefined) return;
    entry.invalidations++;
    entry.confirmedAt = Number.NEGATIVE_INFINITY;
  };

  return {
    get(tenant) {
      const entry = cache.get(tenant) ?? remember(tenant);
      const entryAge = age(entry);
      if (entryAge >= maxAgeMs) return confirm(tenant, entry);
      // A failure is not lost: it comes back to whoever asks once the entry is too old.
      if (entryAge >= maxAgeMs / 2) read(tenant, entry).catch(() => undefined);
      return entry.active;
    },
    invalidate: (tenant) => invalidate(cache.get(tenant)),
    activated(tenant, revision) {
      const entry = cache.get(tenant);
      // A read that is under way may bring what was in force before.
      if (entry?.active?.revision.revision !== revision || entry.reading !== undefined) invalidate(entry);
    },
    forgetAll() {
      // In place: who reads one now must not go on with it.
      for (const entry of cache.values())
        Object.assign(entry, { ...newEntry(), invalidations: entry.invalidations + 1, reading: entry.reading });
    },
  };
}

/** Reads what came after the entry. The entry changes only when everything worked. */
async function refresh(deps: ActivePoliciesDeps, tenant: string, entry: Entry): Promise<void> {
  const beganAt = deps.monotonicMs();
  const { invalidations, stream: known } = entry;
  const stream = await deps.store.load(tenant, known);
  const revision = findRevision(stream.state, stream.state.active);
  const same = revision?.revision === entry.active?.revision.revision;
  const active = same ? entry.active : revision && (await compileRevision(deps, tenant, revision));
  // It was forgotten meanwhile, and this was read on from what was known before.
  if (entry.stream !== known) return;
  entry.active = active;
  entry.stream = stream;
  if (entry.invalidations === invalidations) entry.confirmedAt = beganAt;
}

async function compileRevision(deps: ActivePoliciesDeps, tenant: string, revision: Revision): Promise<ActivePolicy> {
  const text = await deps.store.readDocument(tenant, revision);
  if (text === undefined) throw new PolicyStoreError("unreadable", `the document of revision ${revision.revision} was erased`);
  return { revision, compiled: deps.compile(tenant, text) };
}

function newEntry(): Entry {
  return {
    stream: { version: 0, state: initialState },
    active: undefined,
    confirmedAt: Number.NEGATIVE_INFINITY,
    invalidations: 0,
    reading: undefined,
  };
}
