import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { CommandFailureSchema } from "@countersign/proto/internal/v1/command_pb";
import type { Logger } from "@countersign/telemetry";
import { isInfrastructureError } from "./consumer-errors.ts";
import { CommandError, FAILURE_CODES, FAILURE_REASONS, type FailureCode, type FailureReason } from "./commands.ts";
import { logCorruption } from "./log-corruption.ts";

/**
 * What the caller may learn of an error in a handler: a CommandError as it is, without its cause; that the event log is corrupt; that Postgres was away, whichever
 * of its tables the handler was at; anything else is a bug, and the log here is the only place that says which.
 */
export function refusalOf(error: unknown, what: { readonly service: string; readonly method: string }, logger: Logger): CommandError {
  if (error instanceof CommandError) {
    if (error.code === "DATA_LOSS" && error.cause !== undefined) logCorruption(error, what, logger);
    else if (error.cause !== undefined) logger.warn({ err: error.cause, ...what, reason: error.reason }, "command failed");
    return new CommandError(error.code, error.reason, error.message, { metadata: error.metadata, violations: error.violations });
  }
  if (logCorruption(error, what, logger)) return logCorrupt(what.service);
  if (isInfrastructureError(error)) {
    logger.warn({ err: error, ...what }, "command failed with the database");
    return new CommandError("UNAVAILABLE", "LOG_UNREACHABLE", `The database of ${what.service} did not answer; the outcome is not known.`);
  }
  logger.error({ err: error, ...what }, "command handler threw");
  return bug();
}

/** Nothing is told of where: it may be another tenant's event that keeps everybody from appending. The service's log says it. */
function logCorrupt(service: string): CommandError {
  return new CommandError(
    "DATA_LOSS",
    "LOG_CORRUPT",
    `What the event log holds for this is not what was recorded, and nobody acts by it. Trying again does not help. For who runs Countersign: the log of ${service} ` +
      "names the position, and deploy/runbook.md (Corrupt events) says what to do.",
  );
}

/** An internal failure, told without details. */
export function bug(): CommandError {
  return new CommandError("INTERNAL", "BUG", "The service failed on this command; its log says why.");
}

/** A refusal as bytes of `CommandFailure`. */
export function encodeFailure(error: CommandError): Uint8Array {
  const { code, reason, message, metadata } = error;
  return toBinary(
    CommandFailureSchema,
    create(CommandFailureSchema, { code, reason, message, metadata, violations: error.violations.map((each) => ({ ...each })) }),
  );
}

/** The refusal that another process encoded. What this build cannot read counts as internal. */
export function decodeFailure(bytes: Uint8Array): CommandError {
  const failure = fromBinary(CommandFailureSchema, bytes);
  if (!isCode(failure.code) || !isReason(failure.reason)) return bug();
  const violations = failure.violations.map(({ field, description }) => ({ field, description }));
  return new CommandError(failure.code, failure.reason, failure.message, { metadata: failure.metadata, violations });
}

/** Nobody serves this service. */
export function noHandler(service: string): CommandError {
  return new CommandError("UNAVAILABLE", "NO_HANDLER", `No instance of ${service} is listening.`);
}

/** The bus went away while somebody waited. */
export function linkLost(service: string): CommandError {
  return new CommandError("UNAVAILABLE", "LINK_LOST", `The bus was lost before ${service} replied; the outcome is not known.`);
}

/** NATS refuses a command of this process's user. It names the subject only: one that went there before may be under way. */
export function notLetThrough(service: string): CommandError {
  return new CommandError("UNAVAILABLE", "LINK_LOST", `The bus does not let commands through to ${service}; the outcome is not known.`);
}

/** The service is there; the method is not. */
export function unknownMethod(service: string, method: string): CommandError {
  return new CommandError("UNIMPLEMENTED", "UNKNOWN_METHOD", `${service} does not serve ${method}.`);
}

function isCode(text: string): text is FailureCode {
  return CODES.has(text);
}

function isReason(text: string): text is FailureReason {
  return REASONS.has(text);
}

const CODES: ReadonlySet<string> = new Set(FAILURE_CODES);
const REASONS: ReadonlySet<string> = new Set(FAILURE_REASONS);
