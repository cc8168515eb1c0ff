import { gauges } from "./current.ts";
import type { GaugeNames, Readings } from "./gauges.ts";

/**
 * Registers gauges whose values come from one look at something: `look` is called when somebody collects, and its answer is good for `freshMs`, so that scrapes
 * cannot become load. A look that fails leaves the gauges out: a stale value would look like a healthy one. Nothing is registered while nothing is measured.
 * @returns what takes them off again
 */
export function observe<Names extends GaugeNames>(
  names: Names,
  look: () => Readings<Names> | Promise<Readings<Names>>,
  { freshMs = 0 }: { readonly freshMs?: number } = {},
): () => void {
  return gauges()?.add(names, look, freshMs) ?? (() => {});
}
