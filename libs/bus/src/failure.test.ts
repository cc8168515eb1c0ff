import { create, toBinary } from "@bufbuild/protobuf";
import { EventLogError } from "@countersign/event-log";
import { CommandFailureSchema } from "@countersign/proto/internal/v1/command_pb";
import { silentLogger } from "@countersign/telemetry";
import { expect, test } from "vitest";
import { CommandError, FAILURE_CODES, FAILURE_REASONS } from "./commands.ts";
import { decodeFailure, encodeFailure, refusalOf } from "./failure.ts";

test.each(FAILURE_CODES)("%s travels", (code) => {
  expect(decodeFailure(encodeFailure(new CommandError(code, "BUG", "x"))).code).toBe(code);
});

test.each(FAILURE_REASONS)("%s travels", (reason) => {
  expect(decodeFailure(encodeFailure(new CommandError("ABORTED", reason, "x"))).reason).toBe(reason);
});

test("a code or reason that this build does not know is internal, never a success", () => {
  const foreign = (fields: { code: string; reason: string }) =>
    decodeFailure(toBinary(CommandFailureSchema, create(CommandFailureSchema, fields)));
  expect(foreign({ code: "OK", reason: "BUG" })).toMatchObject({ code: "INTERNAL", reason: "BUG" });
  expect(foreign({ code: "ABORTED", reason: "NEW" })).toMatchObject({ code: "INTERNAL", reason: "BUG" });
});

test.each([
  ["a server that ends", Object.assign(new Error("terminating connection"), { code: "57P01" })],
  ["a server that starts", Object.assign(new Error("starting up"), { code: "57P03" })],
  ["a server that only reads", Object.assign(new Error("read-only transaction"), { code: "25006" })],
  ["a full disk", Object.assign(new Error("No space left"), { code: "53100" })],
  ["a connection that broke", new Error("Connection terminated unexpectedly")],
])("P7: %s under a handler is no bug: the caller may try again, and learns nothing of it", (_what, error) => {
  const refusal = refusalOf(error, { service: "approval", method: "GetReview" }, silentLogger);
  expect(refusal).toMatchObject({ code: "UNAVAILABLE", reason: "LOG_UNREACHABLE", cause: undefined });
  expect(refusal.message).not.toContain(error.message);
});

test("P7, P8: a corrupt log is told as that, without where; the log of the service says where, however the handler wrapped it", () => {
  const flaw = new EventLogError("corrupt", "ledger main has no event at position 4711", { position: 4711 });
  const logged: object[] = [];
  const logger = { ...silentLogger, error: (fields: object) => logged.push(fields) };
  const wrapped = new Error("the directory's log failed", { cause: flaw });
  for (const error of [flaw, wrapped]) {
    const refusal = refusalOf(error, { service: "approval", method: "RedeemGrant" }, logger);
    expect(refusal).toMatchObject({ code: "DATA_LOSS", reason: "LOG_CORRUPT", metadata: {}, cause: undefined });
    expect(refusal.message).not.toContain("4711");
  }
  const told = new CommandError("DATA_LOSS", "LOG_CORRUPT", "x", { cause: flaw, metadata: { position: "4711" } });
  expect(refusalOf(told, { service: "audit", method: "ReadEvents" }, logger)).toMatchObject({ metadata: { position: "4711" } });
  expect(logged).toMatchObject([flaw, wrapped, told].map((err) => ({ err, reason: "LOG_CORRUPT", position: 4711 })));
});

test("what says nothing of the world is a bug", () => {
  expect(refusalOf(new TypeError("x"), { service: "approval", method: "GetReview" }, silentLogger).code).toBe("INTERNAL");
});
