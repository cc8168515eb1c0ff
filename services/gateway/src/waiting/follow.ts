import type { Watch } from "./watch.ts";

/** How soon the state is read again although nothing was heard: the first hints can be lost while a subscription is being set up. */
const FIRST_RECHECKS_MS = [250, 1000];
/** An instance that is behind may answer with a state older than the event that woke us: ask again, ever less often. */
const STALE_MS = 10;
const MAX_STALE_MS = 1000;

export type FollowOptions<State> = {
  readonly watch: Watch;
  /** Asked only after the watch is open, so that no change falls between. A state as new as `knownVersion` will do; 0: as it is now. */
  read(knownVersion: number): Promise<State>;
  /** Changes up to here are known already. */
  readonly afterVersion: number;
  /** The state at `afterVersion`, for whoever has it: then there is no first read. */
  readonly known?: State;
  onChange(state: State): Promise<void>;
  isOver(state: State): boolean;
  /** Milliseconds left; no more than that is waited. */
  remainingMs(): number;
  /** Between reads for safety's sake; the feed may lose messages. */
  readonly recheckMs: number;
  /** In [0, 1); spreads the rechecks. */
  random(): number;
  readonly signal: AbortSignal;
};

/**
 * Reads the state now, unless it is known, and again whenever a change was heard of, until it is over or the time is. Changes that come fast are folded:
 * what was heard of while reading is not read again. Returns the last state.
 */
export async function follow<State extends { readonly version: number }>(options: FollowOptions<State>): Promise<State> {
  const { watch, signal } = options;
  let seen = options.afterVersion;
  let staleReads = 0;
  let read = 0;
  let { known } = options;
  for (let round = 0; ; round += 1) {
    const heard = known === undefined ? watch.latest : 0;
    const state = known ?? (await options.read(knownVersion(round, heard, read, options.afterVersion)));
    known = undefined;
    read = state.version;
    if (state.version > seen) {
      seen = state.version;
      await options.onChange(state);
    }
    const remaining = options.remainingMs();
    if (options.isOver(state) || remaining <= 0) return state;
    const stale = heard > state.version;
    staleReads = stale ? staleReads + 1 : 0;
    const base = stale ? Math.min(STALE_MS * 2 ** (staleReads - 1), MAX_STALE_MS) : (FIRST_RECHECKS_MS[round] ?? options.recheckMs);
    const pause = Math.min(base * (0.8 + 0.4 * options.random()), remaining);
    await watch.beyond(stale ? watch.latest : state.version, pause, signal);
  }
}

/**
 * How new an answer must be at least; 0: as the log has it. What was heard of and not read yet may come from memory. So may the first answer: should
 * another instance have gone on before the watch was open, the first recheck finds out. Rechecks ask the log.
 */
function knownVersion(round: number, heard: number, read: number, afterVersion: number): number {
  if (heard > read) return Math.max(heard, afterVersion);
  return round === 0 ? afterVersion : 0;
}
