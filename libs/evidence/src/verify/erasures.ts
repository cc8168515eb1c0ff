import type { FlawList } from "./flaws.ts";
import type { SegmentFacts } from "./segment-facts.ts";

/** Contents that are absent, held against the events that say what was erased. */
export class Erasures {
  readonly #periodEnd: number;
  readonly #absent = new Map<string, number>();
  readonly #erased = new Set<string>();
  #reachesRequest = false;

  constructor(periodEnd: number) {
    this.#periodEnd = periodEnd;
  }

  add({ absent, erased, requestTimes }: Pick<SegmentFacts, "absent" | "erased" | "requestTimes">): void {
    for (const [digest, position] of absent) if (!this.#erased.has(digest) && !this.#absent.has(digest)) this.#absent.set(digest, position);
    for (const digest of erased) {
      this.#absent.delete(digest);
      this.#erased.add(digest);
    }
    // The request for this very export lies at the end of its period only if the period was to end there.
    if (requestTimes.includes(this.#periodEnd)) this.#reachesRequest = true;
  }

  /** After the last entry. Returns how many contents an event behind the period may have erased: then nobody can tell. */
  end(flaws: FlawList): number {
    if (!this.#reachesRequest) return this.#absent.size;
    for (const position of this.#absent.values())
      flaws.add({ code: "CONTENT", position, detail: "the content is absent, and no event says that it was erased" });
    return 0;
  }
}
