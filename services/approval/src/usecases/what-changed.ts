import type { Handled } from "./handle.ts";
import type { Hex } from "../domain/values.ts";
import type { ActionRef, ActionView, Deps } from "./ports.ts";

/** What a reviewer names of what it was shown. */
type Shown = { readonly ref: ActionRef; readonly version: number; readonly shownDigest: Hex };

const STALE: ReadonlySet<string> = new Set(["STALE_DIGEST", "STALE_VERSION", "STALE_VIEW"]);

/**
 * Adds to a refusal of something stale what is shown differently now. The view that the reviewer was shown is made again from the log, and
 * counts only if it is the very one that the reviewer names.
 */
export async function sayingWhatChanged(deps: Pick<Deps, "store" | "views">, shown: Shown, handled: Handled): Promise<Handled> {
  if (handled.outcome !== "refused" || !STALE.has(handled.code)) return handled;
  const now = await deps.store.refresh(shown.ref);
  const before = await viewThen(deps, shown, now);
  if (before === undefined || deps.views.digest(before) !== shown.shownDigest) return handled;
  return { ...handled, details: { changed: deps.views.changed(before, now).join(", ") } };
}

async function viewThen({ store }: Pick<Deps, "store">, { ref, version }: Shown, now: ActionView): Promise<ActionView | undefined> {
  if (version < 1 || version > now.state.version) return undefined;
  const { view } = await store.asOf({ ref, version });
  return view;
}
