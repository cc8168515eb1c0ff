import { fromBinary } from "@bufbuild/protobuf";
import { anyUnpack, durationMs } from "@bufbuild/protobuf/wkt";
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "@countersign/proto/google/rpc/error_details_pb";
import { StatusSchema, type Status } from "@countersign/proto/google/rpc/status_pb";
import { status, type StatusObject } from "@grpc/grpc-js";

/** A field of a request that is not as it must be. */
export type FieldViolation = { readonly field: string; readonly description: string };

/** A call that failed, with what the server said about it. Branch on `reason` (stable), show `message`. */
export class CountersignError extends Error {
  override readonly name = "CountersignError";
  /** Canonical gRPC code name, for example `FAILED_PRECONDITION`. */
  readonly code: string;
  /** For example `GRANT_REDEEMED`; empty when the server could not be asked. */
  readonly reason: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** For `INVALID_ARGUMENT`: every field that is wrong, and how to mend it. */
  readonly violations: readonly FieldViolation[];
  /** The same call may work later. It may also have worked already: `effect` says whether that can be. */
  readonly retryable: boolean;
  /** Whether the call may have taken effect all the same, as after a broken connection, or was refused before it did anything. */
  readonly effect: "none" | "unknown";
  /** How long the server asks to wait before trying again. */
  readonly retryAfterMs: number | undefined;
  /** Of `requireApproval`: the action that was left as it is. Absent: none is known to be recorded. */
  actionId?: string;

  constructor(
    code: string,
    message: string,
    details: {
      readonly reason?: string;
      readonly metadata?: Readonly<Record<string, string>>;
      readonly violations?: readonly FieldViolation[];
      readonly retryAfterMs?: number | undefined;
      /** Default true: whether the call left this program. */
      readonly sent?: boolean;
      readonly cause?: unknown;
    } = {},
  ) {
    super(message, { cause: details.cause });
    this.code = code;
    this.reason = details.reason ?? "";
    this.metadata = details.metadata ?? {};
    this.violations = details.violations ?? [];
    this.retryAfterMs = details.retryAfterMs;
    const mayBeDone = details.sent !== false && UNKNOWN_EFFECT.has(code) && !NOTHING_CHANGED.has(this.reason);
    this.effect = mayBeDone ? "unknown" : "none";
    this.retryable = code === "UNAVAILABLE" || code === "ABORTED" || FULL_FOR_NOW.has(this.reason);
  }
}

const UNKNOWN_EFFECT: ReadonlySet<string> = new Set(["UNAVAILABLE", "DEADLINE_EXCEEDED", "CANCELLED", "INTERNAL", "DATA_LOSS", "UNKNOWN"]);

/** There is room again when others are done, or a moment has passed; other quotas take people. */
const FULL_FOR_NOW: ReadonlySet<string> = new Set(["OVERLOADED", "REQUEST_QUOTA"]);

/** Reasons that are given before a service has seen the call, or before it has written anything. */
const NOTHING_CHANGED: ReadonlySet<string> = new Set([
  "OVERLOADED",
  "NO_HANDLER",
  "ISSUER_UNREACHABLE",
  "POLICY_UNREACHABLE",
  "DIRECTORY_UNREACHABLE",
  "UNKNOWN_EVENT",
]);

/**
 * grpc-js calls it INTERNAL, as when a connection goes at the moment in which a call begins on it. Nobody has answered, so that it is a broken connection
 * like any other.
 */
const ENDED_WITHOUT_STATUS = /^Received RST_STREAM with code \d+/;

/** What grpc-js reports, with `google.rpc.Status` details unpacked. `sent`: whether the call left this program. */
export function fromServiceError(error: StatusObject, sent = true): CountersignError {
  const code = ENDED_WITHOUT_STATUS.test(error.details) ? "UNAVAILABLE" : (status[error.code] ?? "UNKNOWN");
  const details = { ...readDetails(error), sent };
  return new CountersignError(
    code,
    error.details === "" ? code : error.details,
    error instanceof Error ? { ...details, cause: error } : details,
  );
}

function readDetails(error: StatusObject) {
  const [encoded] = error.metadata?.get("grpc-status-details-bin") ?? [];
  if (!(encoded instanceof Uint8Array)) return {};
  const parsed = parseStatus(encoded);
  if (parsed === undefined) return {};
  const find = parsed.details;
  const info = find.map((any) => anyUnpack(any, ErrorInfoSchema)).find((found) => found !== undefined);
  const bad = find.map((any) => anyUnpack(any, BadRequestSchema)).find((found) => found !== undefined);
  const retry = find.map((any) => anyUnpack(any, RetryInfoSchema)).find((found) => found !== undefined);
  return {
    reason: info?.reason ?? "",
    metadata: info?.metadata ?? {},
    violations: bad?.fieldViolations.map(({ field, description }) => ({ field, description })) ?? [],
    retryAfterMs: retry?.retryDelay === undefined ? undefined : durationMs(retry.retryDelay),
  };
}

/** A proxy in between may send details that are not ours; the code alone must do then. */
function parseStatus(bytes: Uint8Array): Status | undefined {
  try {
    return fromBinary(StatusSchema, bytes);
  } catch {
    return undefined;
  }
}
