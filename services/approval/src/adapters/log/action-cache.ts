import { LRUCache } from "lru-cache";
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

/** A state without its contents is about this large in memory. */
const STATE_BYTES = 4096;

/** An input is there as text, as what it says (twice the text) and encoded. */
const FORMS = 4;

function sizeOf(view: ActionView): number {
  let size = STATE_BYTES;
  for (const content of view.contents.values()) size += FORMS * content.body.length + 256;
  return size;
}

function keyOf({ tenant, id }: ActionRef): string {
  return `${tenant}\n${id}`;
}
