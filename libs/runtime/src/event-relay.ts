import { startRelay, type RunningRelay } from "@countersign/bus";
import type { RuntimeConfig } from "./config.ts";
import type { ConnectedRuntime } from "./runtime.ts";

/** Copies the runtime's ledger to JetStream. Runs where events are appended, so that it is fed from memory; a lease lets one of all instances work. */
export function startEventRelay(runtime: ConnectedRuntime, config: RuntimeConfig): RunningRelay {
  return startRelay({
    log: runtime.log,
    connection: runtime.nats,
    prefix: config.natsPrefix,
    database: runtime.database.kysely<unknown>(),
    logger: runtime.logger,
  });
}
