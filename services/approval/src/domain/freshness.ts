import type { InReview } from "./state.ts";
import type { Hex } from "./values.ts";

/**
 * Whether the reviewer was shown what is now to be decided. The version must not be older than the review's last opening, which an edit
 * repeats: other people's votes and the next stage's opening change nothing that a reviewer must know first, so they make no vote stale.
 * A version that does not exist yet was shown to nobody.
 */
export function staleness(
  state: InReview,
  { shown: view, ...shown }: { readonly digest: Hex; readonly version: number; readonly shown: { readonly given: Hex; readonly now: Hex } },
): "STALE_DIGEST" | "STALE_VERSION" | "STALE_VIEW" | undefined {
  if (shown.digest !== state.ruling.digest) return "STALE_DIGEST";
  if (shown.version < state.review.shownFrom || shown.version > state.version) return "STALE_VERSION";
  return view.given === view.now ? undefined : "STALE_VIEW";
}
