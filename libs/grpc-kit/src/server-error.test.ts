import { fromBinary } from "@bufbuild/protobuf";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import { CommandError, type FailureCode } from "@countersign/bus";
import { BadRequestSchema, ErrorInfoSchema, RetryInfoSchema } from "@countersign/proto/google/rpc/error_details_pb";
import { StatusSchema } from "@countersign/proto/google/rpc/status_pb";
import { silentLogger, type Logger } from "@countersign/telemetry";
import { status } from "@grpc/grpc-js";
import { describe, expect, it } from "vitest";
import { STATUS_CODES, toServerError } from "./server-error.ts";

function detailsOf(error: unknown, logger: Logger = silentLogger) {
  const { code, details: message, metadata } = toServerError(error, "x.Y/Z", logger);
  const bytes = metadata.get("grpc-status-details-bin")[0];
  if (!(bytes instanceof Buffer)) throw new Error("no details");
  const body = fromBinary(StatusSchema, bytes);
  const find = <T>(unpack: (any: (typeof body.details)[number]) => T | undefined): T | undefined =>
    body.details.map(unpack).find((each) => each !== undefined);
  return {
    code,
    message,
    size: bytes.length,
    info: find((any) => anyUnpack(any, ErrorInfoSchema)),
    badRequest: find((any) => anyUnpack(any, BadRequestSchema)),
    retry: find((any) => anyUnpack(any, RetryInfoSchema)),
    body,
  };
}

describe("errors on the wire", () => {
  it.each<[FailureCode, status]>([
    ["INVALID_ARGUMENT", status.INVALID_ARGUMENT],
    ["NOT_FOUND", status.NOT_FOUND],
    ["ALREADY_EXISTS", status.ALREADY_EXISTS],
    ["PERMISSION_DENIED", status.PERMISSION_DENIED],
    ["UNAUTHENTICATED", status.UNAUTHENTICATED],
    ["FAILED_PRECONDITION", status.FAILED_PRECONDITION],
    ["ABORTED", status.ABORTED],
    ["RESOURCE_EXHAUSTED", status.RESOURCE_EXHAUSTED],
    ["UNIMPLEMENTED", status.UNIMPLEMENTED],
    ["UNAVAILABLE", status.UNAVAILABLE],
    ["DEADLINE_EXCEEDED", status.DEADLINE_EXCEEDED],
    ["INTERNAL", status.INTERNAL],
    ["DATA_LOSS", status.DATA_LOSS],
  ])("maps %s", (code, expected) => {
    const { code: actual, body, info } = detailsOf(new CommandError(code, "WRONG_STATE", "no", { metadata: { state: "DENIED" } }));
    expect([actual, body.code]).toEqual([expected, expected]);
    expect(info).toMatchObject({ reason: "WRONG_STATE", domain: "countersign.dev", metadata: { state: "DENIED" } });
    expect(Object.keys(STATUS_CODES)).toHaveLength(13);
  });

  it("carry field violations", () => {
    const violations = [{ field: "input.action.name", description: "is required" }];
    const { badRequest } = detailsOf(new CommandError("INVALID_ARGUMENT", "FIELD_VIOLATION", "no", { violations }));
    expect(badRequest).toMatchObject({ fieldViolations: violations });
  });

  it("stay small enough for every client's header limit", () => {
    const violations = Array.from({ length: 2000 }, (_, index) => ({ field: `f${index}`, description: "x".repeat(300) }));
    const { size, badRequest, message } = detailsOf(
      new CommandError("INVALID_ARGUMENT", "FIELD_VIOLATION", "y".repeat(9000), { violations }),
    );
    expect(size).toBeLessThan(5200);
    expect(message).toHaveLength(1024);
    expect(badRequest?.fieldViolations.length).toBeGreaterThan(5);
  });

  it("say when trying again makes sense, and only then", () => {
    expect(detailsOf(new CommandError("RESOURCE_EXHAUSTED", "OVERLOADED", "no")).retry).toBeDefined();
    for (const quota of ["REQUEST_QUOTA", "REVIEW_QUOTA", "WATCH_QUOTA"] as const) {
      expect(detailsOf(new CommandError("RESOURCE_EXHAUSTED", quota, "no")).retry).toBeDefined();
    }
    const soon = new CommandError("RESOURCE_EXHAUSTED", "REQUEST_QUOTA", "no", { retryAfterMs: 40 });
    expect(detailsOf(soon).retry?.retryDelay).toMatchObject({ seconds: 0n, nanos: 40_000_000 });
    expect(detailsOf(new CommandError("UNAVAILABLE", "NO_HANDLER", "no")).retry).toBeDefined();
    expect(detailsOf(new CommandError("RESOURCE_EXHAUSTED", "TOO_LARGE", "no")).retry).toBeUndefined();
    expect(detailsOf(new CommandError("DEADLINE_EXCEEDED", "TIMEOUT", "no")).retry).toBeUndefined();
    expect(detailsOf(new CommandError("DATA_LOSS", "LOG_CORRUPT", "no")).retry).toBeUndefined();
  });

  it("are made once for those that are frozen", () => {
    const frozen = Object.freeze(new CommandError("RESOURCE_EXHAUSTED", "OVERLOADED", "no"));
    expect(toServerError(frozen, "x.Y/Z", silentLogger)).toBe(toServerError(frozen, "x.Y/Other", silentLogger));
    expect(detailsOf(frozen).retry).toBeDefined();
    const own = new CommandError("RESOURCE_EXHAUSTED", "OVERLOADED", "no");
    expect(toServerError(own, "x.Y/Z", silentLogger)).not.toBe(toServerError(own, "x.Y/Z", silentLogger));
  });

  it("tell nothing of an error that nobody expected; the log has it", () => {
    const logged: object[] = [];
    const logger = { ...silentLogger, error: (fields: object) => logged.push(fields) };
    const error = new Error("connect to postgres://secret failed");
    const { code, message, info } = detailsOf(error, logger);
    expect([code, info?.reason]).toEqual([status.INTERNAL, "BUG"]);
    expect(message).not.toContain("secret");
    expect(logged).toEqual([{ err: error, method: "x.Y/Z" }]);
  });

  it("survive text that is no Unicode", () => {
    expect(detailsOf(new CommandError("NOT_FOUND", "NOT_FOUND", "\ud800")).message).toBe("\ufffd");
  });
});
