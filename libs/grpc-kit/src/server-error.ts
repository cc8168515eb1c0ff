import { create, toBinary } from "@bufbuild/protobuf";
import { anyPack, durationFromMs, type Any } from "@bufbuild/protobuf/wkt";
import { CommandError, type FailureCode, type FailureReason } from "@countersign/bus";
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "@countersign/proto/google/rpc/error_details_pb";
import { StatusSchema } from "@countersign/proto/google/rpc/status_pb";
import type { Logger } from "@countersign/telemetry";
import { Metadata, status } from "@grpc/grpc-js";

/** Who defines the reasons in `google.rpc.ErrorInfo`. */
const ERROR_DOMAIN = "countersign.dev";

const DETAILS_HEADER = "grpc-status-details-bin";
/** Clients refuse trailers of more than 8 KiB, and base64 adds a third. */
const MAX_DETAILS_BYTES = 5 * 1024;
const MAX_MESSAGE_LENGTH = 1024;

/** The one table from our codes to gRPC's. */
export const STATUS_CODES: Readonly<Record<FailureCode, status>> = {
  INVALID_ARGUMENT: status.INVALID_ARGUMENT,
  NOT_FOUND: status.NOT_FOUND,
  ALREADY_EXISTS: status.ALREADY_EXISTS,
  PERMISSION_DENIED: status.PERMISSION_DENIED,
  UNAUTHENTICATED: status.UNAUTHENTICATED,
  FAILED_PRECONDITION: status.FAILED_PRECONDITION,
  ABORTED: status.ABORTED,
  RESOURCE_EXHAUSTED: status.RESOURCE_EXHAUSTED,
  UNIMPLEMENTED: status.UNIMPLEMENTED,
  UNAVAILABLE: status.UNAVAILABLE,
  DEADLINE_EXCEEDED: status.DEADLINE_EXCEEDED,
  INTERNAL: status.INTERNAL,
  DATA_LOSS: status.DATA_LOSS,
};

/** How long a caller had better wait before it tries again, where trying again can help. */
const RETRY_AFTER_MS: Partial<Record<FailureCode | FailureReason, number>> = {
  UNAVAILABLE: 250,
  ABORTED: 20,
  OVERLOADED: 500,
  REQUEST_QUOTA: 1000,
  // People must decide, or streams must end, before there is room.
  REVIEW_QUOTA: 10_000,
  WATCH_QUOTA: 10_000,
};

/** What grpc-js takes as the outcome of a call that failed. */
export type ServerError = { readonly code: status; readonly details: string; readonly metadata: Metadata };

/** What is sent for errors that are frozen: they are thrown again and again, for whoever is turned away. */
const KNOWN = new WeakMap<CommandError, ServerError>();

/**
 * Turns whatever a handler threw into what the caller may know: a CommandError with its reason and violations as details, anything else as
 * one fixed sentence. Causes and unknown errors go to the log.
 */
export function toServerError(error: unknown, method: string, logger: Logger): ServerError {
  const isKnown = error instanceof CommandError && error.cause === undefined && Object.isFrozen(error);
  const known = isKnown ? KNOWN.get(error) : undefined;
  if (known !== undefined) return known;
  const made = make(error, method, logger);
  if (isKnown) KNOWN.set(error, made);
  return made;
}

function make(error: unknown, method: string, logger: Logger): ServerError {
  const failure = error instanceof CommandError ? error : bug(error);
  if (failure.reason === "BUG") logger.error({ err: error, method }, "call failed unexpectedly");
  else if (failure.cause !== undefined) logger.warn({ err: failure.cause, method, reason: failure.reason }, "call refused");
  const message = failure.message.slice(0, MAX_MESSAGE_LENGTH).toWellFormed();
  const metadata = new Metadata();
  metadata.set(DETAILS_HEADER, encodeDetails(failure, message));
  return { code: STATUS_CODES[failure.code], details: message, metadata };
}

function bug(cause: unknown): CommandError {
  return new CommandError("INTERNAL", "BUG", "The service failed unexpectedly. Nothing is known about the outcome.", { cause });
}

function encodeDetails(failure: CommandError, message: string): Buffer {
  for (let count = failure.violations.length; ; count = Math.floor(count / 2)) {
    const details = [errorInfo(failure), ...badRequest(failure, count), ...retryInfo(failure)];
    const bytes = toBinary(StatusSchema, create(StatusSchema, { code: STATUS_CODES[failure.code], message, details }));
    if (bytes.length <= MAX_DETAILS_BYTES || count === 0) return Buffer.from(bytes);
  }
}

function errorInfo({ reason, metadata }: CommandError): Any {
  return anyPack(ErrorInfoSchema, create(ErrorInfoSchema, { reason, domain: ERROR_DOMAIN, metadata: { ...metadata } }));
}

function badRequest({ violations }: CommandError, count: number): Any[] {
  if (count === 0) return [];
  const fieldViolations = violations.slice(0, count).map(({ field, description }) => ({ field, description }));
  return [anyPack(BadRequestSchema, create(BadRequestSchema, { fieldViolations }))];
}

function retryInfo({ code, reason, retryAfterMs }: CommandError): Any[] {
  const delay = retryAfterMs ?? RETRY_AFTER_MS[reason] ?? RETRY_AFTER_MS[code];
  if (delay === undefined) return [];
  return [anyPack(RetryInfoSchema, create(RetryInfoSchema, { retryDelay: durationFromMs(delay) }))];
}
