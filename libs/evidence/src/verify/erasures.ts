import type { FlawList } from "./flaws.ts";
import type { SegmentFacts } from "./segment-facts.ts";

/** Hex digests that events of a segment name as erased, and what the segment says of absent contents. */
type Absences = Pick<SegmentFacts, "absent" | "erasedLater"> & { readonly erased: readonly string[] };

/** Contents that are absent, held against the events that say what was erased. */
export class Erasures {
  readonly #absent = new Map<string, number>();
  readonly #erased = new Set<string>();
  readonly #later: (readonly [number, number])[] = [];

  add({ absent, erased, erasedLater }: Absences): void {
    for (const [digest, position] of absent) if (!this.#erased.has(digest) && !this.#absent.has(digest)) this.#absent.set(digest, position);
    for (const digest of erased) {
      this.#absent.delete(digest);
      this.#erased.add(digest);
    }
    for (const claim of erasedLater) this.#later.push(claim);
  }

  /** After the last entry, at position `last`: every event up to it is in the archive, and can say for itself what it erased. */
  end(last: number, flaws: FlawList): void {
    for (const [position, erasedAt] of this.#later) {
      const detail = `the event that erased the content, at position ${erasedAt}, would have to be in the archive`;
      if (erasedAt <= last) flaws.add({ code: "CONTENT", position, detail });
    }
    for (const position of this.#absent.values())
      flaws.add({ code: "CONTENT", position, detail: "the content is absent, and no event says that it was erased" });
  }
}
