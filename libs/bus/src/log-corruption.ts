import { corruptionIn } from "@countersign/event-log";
import type { Logger } from "@countersign/telemetry";

/**
 * Says that an error comes from a corrupt event log, if it does, and where: one line whoever met it, which the runbook leads to.
 * @param what - Who met it, and at what.
 */
export function logCorruption(error: unknown, what: object, logger: Logger): boolean {
  const flaw = corruptionIn(error);
  if (flaw === undefined) return false;
  logger.error({ err: error, ...what, reason: "LOG_CORRUPT", position: flaw.position }, `the event log is corrupt: ${flaw.message}`);
  return true;
}
