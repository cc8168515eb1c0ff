/** What we read of vitest's JSON report. */
export type TestReport = {
  readonly success: boolean;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
};

export type Totals = { readonly passed: number; readonly failed: number; readonly skipped: number };

/**
 * Counts tests. A file that failed without a failing test (it did not load, a hook threw) counts as one failure, and so does a run that
 * vitest calls unsuccessful although every test passed, so that the totals never look better than the run was.
 */
export function countTests(report: TestReport): Totals {
  const all = report.testResults.flatMap((file) => file.assertionResults.map((test) => test.status));
  const passed = all.filter((status) => status === "passed").length;
  const failedTests = all.filter((status) => status === "failed").length;
  const failedFiles = report.testResults.filter(
    (file) => file.status === "failed" && file.assertionResults.every((test) => test.status !== "failed"),
  ).length;
  const failed = failedTests + failedFiles;
  return { passed, failed: failed === 0 && !report.success ? 1 : failed, skipped: all.length - passed - failedTests };
}

/** The last line of a test run: `12 passed, 0 failed`, and the skipped ones if there are any. */
export function closingLine(totals: Totals): string {
  const skipped = totals.skipped === 0 ? "" : `, ${totals.skipped} skipped`;
  return `${totals.passed} passed, ${totals.failed} failed${skipped}`;
}
