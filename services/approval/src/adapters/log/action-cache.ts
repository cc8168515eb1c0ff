import { LRUCache } from "lru-cache";
import { principalsOf, type Standing } from "../../domain/standing.ts";
import type { ActionState } from "../../domain/state.ts";
import type { ActionRef, ActionView } from "../../usecases/ports.ts";

export type CacheLimits = { readonly actions: number; readonly bytes: number };

/** States as they were committed, the least recently used ones thrown out first. An older version never takes the place of a newer one. */
export class ActionCache {
  readonly #views: LRUCache<string, ActionView>;
  #forgettings = 0;

  constructor({ actions, bytes }: CacheLimits) {
    this.#views = new LRUCache({
      max: actions,
      maxSize: bytes,
      maxEntrySize: bytes,
      sizeCalculation: sizeOf,
      ttl: MAX_AGE_MS,
      // So seldom it looks at the clock. By default a timer tells it every millisecond that it may look again.
      ttlResolution: 1000,
    });
  }

  get(ref: ActionRef): ActionView | undefined {
    return this.#views.get(keyOf(ref));
  }

  /** Begin to read here what `keep` is given later. */
  get forgettings(): number {
    return this.#forgettings;
  }

  /** @param since - `forgettings` before it was read: what was under way when something was forgotten may be just that. */
  keep(view: ActionView, since: number): ActionView {
    if (since !== this.#forgettings) return view;
    const key = keyOf(view.ref);
    const cached = this.#views.peek(key);
    if (view.state.version > 0 && (cached === undefined || cached.state.version <= view.state.version)) this.#views.set(key, view);
    return view;
  }

  forget(ref: ActionRef): void {
    this.#forgettings += 1;
    this.#views.delete(keyOf(ref));
  }

  forgetAll(): void {
    this.#forgettings += 1;
    this.#views.clear();
  }

  forgetOld(): void {
    this.#views.purgeStale();
  }
}

/** How long a view may stay, at most, from the last event on. */
const MAX_AGE_MS = 600_000;

/** A state without its contents, and without those who spoke, is about this large in memory. */
const STATE_BYTES = 4096;

/** An input is there as text, as what it says (twice the text) and encoded. */
const FORMS = 4;

/** A name or an id, with its place in a list. */
const NAME_BYTES = 64;

/** What somebody said holds about as much as so many names, beside those that the speaker goes by. */
const NAMES_OF_WORD = 16;

function sizeOf({ state, contents }: ActionView): number {
  let size = STATE_BYTES + NAME_BYTES * namesIn(state);
  for (const content of contents.values()) size += FORMS * content.body.length + 256;
  return size;
}

/** Each vote and comment keeps all groups that its speaker was in, which can be hundreds. */
function namesIn(state: ActionState): number {
  if (state.status === "NONE") return 0;
  const { votes = [], comments = [], editors = [], claims = [] } = ("review" in state && state.review) || {};
  let names = state.requester.groups.length;
  for (const { standing } of [...votes, ...comments]) names += NAMES_OF_WORD + (standing === undefined ? 0 : namesOf(standing));
  for (const { principals } of [...editors, ...claims]) names += NAMES_OF_WORD + 2 * principals.length;
  return names;
}

function namesOf(standing: Standing): number {
  const { groups, teams, onCall } = standing;
  return groups.length + teams.length + onCall.length + 2 * principalsOf(standing).length;
}

function keyOf({ tenant, id }: ActionRef): string {
  return `${tenant}\n${id}`;
}
