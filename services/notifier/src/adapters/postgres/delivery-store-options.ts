import type { BreakerTuning } from "../../domain/breaker.ts";
import type { RateLimit } from "../../usecases/channel.ts";
import type { ProcessLock } from "./process-lock.ts";

/** Whose deliveries a store holds, for which process, and how fast they may go. */
export type DeliveryStoreOptions = {
  readonly ledger: string;
  readonly channel: string;
  readonly owner: ProcessLock;
  readonly limits: readonly RateLimit[];
  readonly breaker: BreakerTuning;
};
