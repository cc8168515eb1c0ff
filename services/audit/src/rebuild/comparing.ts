import type { Projection } from "../projections/projection.ts";
import type { Check } from "../ledger/flaws.ts";
import { compareProjection, type BuildProgress, type Comparison, type RebuildParts } from "./compare-projection.ts";

const TICK_MS = 250;

/** `compareProjection` as a check: of its progress the newest is told, some times a second. It goes on to its end also when nobody listens any more. */
export async function* comparing(
  parts: RebuildParts,
  projection: Projection,
  { replace }: { readonly replace: boolean },
): Check<Comparison> {
  let newest: BuildProgress | undefined;
  let over = false;
  const running = compareProjection(parts, projection, { replace, onProgress: (progress) => (newest = progress) });
  const ended = running.then(
    () => (over = true),
    () => (over = true),
  );
  for (;;) {
    const told = newest;
    newest = undefined;
    if (told !== undefined) yield { progress: { step: told.name, done: told.done, total: told.total } };
    else if (over) return running;
    else await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, TICK_MS).unref())]);
  }
}
