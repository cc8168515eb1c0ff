import { metrics } from "@opentelemetry/api";
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
  const meter = metrics.getMeter("countersign.audit");
  const lag = meter.createObservableGauge("countersign.seal.lag", {
    unit: "s",
    description: "For how long events have waited to be sealed",
  });
  const size = meter.createObservableGauge("countersign.seal.size", { description: "Events that are sealed" });
  const refused = meter.createObservableGauge("countersign.seal.refused", { description: "1 while signing is refused" });
  const observe: Parameters<typeof meter.addBatchObservableCallback>[0] = (result) => {
    const { state, lagMs, sealed } = status();
    if (state === "standby") return;
    result.observe(lag, lagMs / 1000, { ledger });
    result.observe(size, sealed, { ledger });
    result.observe(refused, state === "refused" ? 1 : 0, { ledger });
  };
  const gauges = [lag, size, refused];
  meter.addBatchObservableCallback(observe, gauges);
  return () => meter.removeBatchObservableCallback(observe, gauges);
}
