import { observe } from "@countersign/telemetry";
import type { SealRefusal } from "./refusal.ts";

/** How sealing stands in this instance. */
export type SealStatus = {
  /** `standby`: another instance seals, or this one has just started. `refused`: nobody may sign until an operator has looked. */
  readonly state: "standby" | "sealing" | "refused";
  readonly epoch: number;
  /** Events that are sealed. */
  readonly sealed: number;
  /** For how long there have been events that are not sealed, as far as this instance knows. */
  readonly lagMs: number;
  readonly refusal?: { readonly kind: SealRefusal; readonly position: number; readonly message: string };
};

/** Shows the status as gauges: `countersign.seal.lag` (seconds), `countersign.seal.size`, and `countersign.seal.refused` (0 or 1). */
export function observeSealing(ledger: string, status: () => SealStatus): () => void {
  return observe(
    {
      "countersign.seal.lag": { description: "For how long events have waited to be sealed", unit: "s" },
      "countersign.seal.size": { description: "Events that are sealed" },
      "countersign.seal.refused": { description: "1 while signing is refused" },
    },
    () => {
      const { state, lagMs, sealed } = status();
      const reading = (value: number) => (state === "standby" ? [] : [{ value, attributes: { ledger } }]);
      return {
        "countersign.seal.lag": reading(lagMs / 1000),
        "countersign.seal.size": reading(sealed),
        "countersign.seal.refused": reading(state === "refused" ? 1 : 0),
      };
    },
  );
}
