import { expect, test } from "vitest";
import { judgeAdvisories, type AuditReport } from "./advisories.ts";

const advisory = (severity: string) => ({ module_name: "left", severity, title: "Overflow", url: "https://example.com/1" });

test.each<[string, AuditReport, string, number]>([
  ["nothing known", { advisories: {} }, "clean", 0],
  ["a low one is told", { advisories: { 1: advisory("low") } }, "clean", 1],
  ["a moderate one fails", { advisories: { 1: advisory("low"), 2: advisory("moderate") } }, "flawed", 2],
  ["a severity that nobody knows fails", { advisories: { 1: advisory("catastrophic") } }, "flawed", 1],
  ["a registry without advisories", { error: { code: "ERR_PNPM_AUDIT_BAD_RESPONSE", message: "405" } }, "unanswered", 1],
  ["an answer without the list is no answer", {}, "unanswered", 1],
])("%s", (_what, report, outcome, lines) => {
  const judged = judgeAdvisories(report);
  expect([judged.outcome, judged.lines.length]).toEqual([outcome, lines]);
});
