import { describe, expect, it } from "vitest";
import { closingLine, countTests, type TestReport } from "./test-totals.ts";

const file = (status: string, ...tests: string[]): TestReport["testResults"][number] => ({
  name: "a.test.ts",
  status,
  assertionResults: tests.map((test) => ({ status: test })),
});

describe("test totals", () => {
  it("counts tests, not files", () => {
    const report = { success: false, testResults: [file("passed", "passed", "passed"), file("failed", "passed", "failed")] };
    expect(countTests(report)).toEqual({ passed: 3, failed: 1, skipped: 0 });
  });

  it("counts a file that did not load as a failure", () => {
    expect(countTests({ success: false, testResults: [file("failed"), file("passed", "passed")] })).toEqual({
      passed: 1,
      failed: 1,
      skipped: 0,
    });
  });

  it("counts a file whose hook threw as a failure", () => {
    expect(countTests({ success: false, testResults: [file("failed", "passed", "skipped")] })).toEqual({
      passed: 1,
      failed: 1,
      skipped: 1,
    });
  });

  it("does not let an unsuccessful run look clean", () => {
    expect(countTests({ success: false, testResults: [file("passed", "passed")] })).toEqual({ passed: 1, failed: 1, skipped: 0 });
  });

  it("counts todo and pending tests as skipped", () => {
    expect(countTests({ success: true, testResults: [file("passed", "passed", "todo", "pending")] })).toEqual({
      passed: 1,
      failed: 0,
      skipped: 2,
    });
  });

  it("says it in one line", () => {
    expect(closingLine({ passed: 12, failed: 0, skipped: 0 })).toBe("12 passed, 0 failed");
    expect(closingLine({ passed: 12, failed: 1, skipped: 2 })).toBe("12 passed, 1 failed, 2 skipped");
  });
});
