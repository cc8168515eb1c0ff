import { describe, expect, test } from "vitest";
import { commandSubject, eventStreamName, eventSubject, feedSubject, ledgerSubjects, UnsafeSubjectError, wakeSubject } from "./subjects.ts";

const event = { stream: { tenant: "acme", type: "action" }, type: "ActionRequested" };

test("subjects are as the design says", () => {
  expect(eventSubject("cs", "main", event)).toBe("cs.evt.main.acme.action.ActionRequested");
  expect(feedSubject("cs", "main")).toBe("cs.evt.main.*.*.*");
  expect(feedSubject("cs", "main", { tenant: "acme" })).toBe("cs.evt.main.acme.*.*");
  expect(feedSubject("cs", "main", { streamType: "policy" })).toBe("cs.evt.main.*.policy.*");
  expect(ledgerSubjects("cs", "main")).toBe("cs.evt.main.>");
  expect(commandSubject("cs", "approval", "RequestAction")).toBe("cs.cmd.approval.RequestAction");
  expect(commandSubject("cs", "approval", "*")).toBe("cs.cmd.approval.*");
  expect(commandSubject("cs", "audit-0b6e-1", "*")).toBe("cs.cmd.audit.0b6e-1.*");
  expect(wakeSubject("cs", "main")).toBe("cs.wake.main");
  expect(eventStreamName("cs", "main")).toBe("CS_EVENTS_MAIN");
});

describe("P8: nothing that a tenant chooses changes a subject", () => {
  test.each(["", "*", ">", "a.b", "a b", "A", "-a", "a\n", "a\r\nPUB x", "é", "x".repeat(64)])("tenant %j is refused", (tenant) => {
    expect(() => eventSubject("cs", "main", { ...event, stream: { tenant, type: "action" } })).toThrow(UnsafeSubjectError);
    expect(() => feedSubject("cs", "main", { tenant })).toThrow(UnsafeSubjectError);
  });

  test.each(["", "*", "a.b", "a ", ">"])("stream type and event type %j are refused", (type) => {
    expect(() => eventSubject("cs", "main", { ...event, stream: { tenant: "acme", type } })).toThrow(UnsafeSubjectError);
    expect(() => eventSubject("cs", "main", { ...event, type })).toThrow(UnsafeSubjectError);
    expect(() => feedSubject("cs", "main", { streamType: type })).toThrow(UnsafeSubjectError);
  });
});
