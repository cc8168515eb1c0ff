import { corruptionIn } from "@countersign/event-log";
import { instruments, type Logger } from "@countersign/telemetry";

/**
 * Says that an error comes from a corrupt event log, if it does, and where: one line whoever met it, which the alert and the runbook lead to.
 * @param what - Who met it, and at what.
 */
export function logCorruption(error: unknown, what: object, logger: Logger): boolean {
  const flaw = corruptionIn(error);
  if (flaw === undefined) return false;
  instruments()?.corruptions.add(1);
  logger.error({ err: error, ...what, reason: "LOG_CORRUPT", position: flaw.position }, `the event log is corrupt: ${flaw.message}`);
  return true;
}
