import type { CastVote } from "./commands.ts";
import type { Review } from "./state.ts";
import type { Haste } from "./values.ts";

/** A vote that came sooner after its stage had opened than anybody can have read what it is about. It counts: the log says how it came about. */
export function hasteOf(
  { openedAt }: Pick<Review, "openedAt">,
  { at, readingSeconds }: Pick<CastVote, "at" | "readingSeconds">,
): Haste | undefined {
  const availableSeconds = Math.max(0, Math.floor((at - openedAt) / 1000));
  return availableSeconds < readingSeconds ? { availableSeconds, neededSeconds: readingSeconds } : undefined;
}
