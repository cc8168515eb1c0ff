import { expect, test } from "vitest";
import { describeError, framesOf, isInfrastructureError, isStatementTimeout, StaleCheckpoint } from "./consumer-errors.ts";

const coded = (code: string, message = "text") => Object.assign(new Error(message), { code });

test.each([
  "08006",
  "40001",
  "40P01",
  "53100",
  "53300",
  "55P03",
  "57014",
  "57P01",
  "57P03",
  "58030",
  "ECONNREFUSED",
  "ECONNRESET",
  "unavailable",
  "too_late",
])("%s passes: retried for ever", (code) => {
  expect(isInfrastructureError(coded(code))).toBe(true);
  expect(isInfrastructureError(new Error("wrapped", { cause: coded(code) }))).toBe(true);
});

test.each(["22P02", "23505", "42P01", "25P02", "XX000", "corrupt", "5", "08"])("%s says something about the event", (code) => {
  expect(isInfrastructureError(coded(code))).toBe(false);
});

test("errors of the driver without a code", () => {
  expect(isInfrastructureError(new Error("Connection terminated unexpectedly"))).toBe(true);
  expect(isInfrastructureError(new Error("timeout exceeded when trying to connect"))).toBe(true);
  expect(isInfrastructureError(Object.assign(new Error("connect ENOENT"), { code: "ENOENT", syscall: "connect" }))).toBe(true);
  expect(isInfrastructureError(new StaleCheckpoint("moved"))).toBe(true);
  expect(isInfrastructureError(new TypeError("x is undefined"))).toBe(false);
  expect(isInfrastructureError("text")).toBe(false);
});

test("a statement that was stopped, also when somebody wraps that, and nothing else", () => {
  expect(isStatementTimeout(new Error("wrapped", { cause: coded("57014") }))).toBe(true);
  expect(["55P03", "57P01", "25P03"].map((code) => isStatementTimeout(coded(code)))).toEqual([false, false, false]);
  expect(isStatementTimeout("57014")).toBe(false);
});

test("what is stored names the kind and never quotes", () => {
  const error = Object.assign(new Error("duplicate key: Key (email)=(jane@example.com)"), {
    code: "23505",
    table: "person",
    constraint: "person_pkey",
    detail: "jane@example.com",
  });
  expect(describeError(error)).toBe("Error 23505 person person_pkey");
  expect(describeError(new TypeError("jane@example.com"))).toBe("TypeError");
  expect(describeError(Object.assign(new Error("x"), { name: "jane doe@example.com" }))).toBe("Error");
  expect(describeError("jane@example.com")).toBe("an error that is no Error");
  expect(framesOf(new Error("jane@example.com")).join()).not.toContain("jane");
});
