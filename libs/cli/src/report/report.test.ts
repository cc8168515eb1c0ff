import { create } from "@bufbuild/protobuf";
import { ReportFindingSchema, ReportResultSchema } from "@countersign/proto/v1/audit_service_pb";
import { describe, expect, it } from "vitest";
import { reportCsv } from "./report-csv.ts";
import { reportHtml } from "./report-html.ts";
import { latencyText, type Report } from "./report.ts";

const HOSTILE = `=HYPERLINK("http://x")</td><script>alert(1)</script>\u202e\r\n`;
const line = { subject: HOSTILE, detail: HOSTILE, count: 3n, positions: [7n, 8n] };
const report: Report = {
  findings: [
    create(ReportFindingSchema, {
      kind: "self_approval_refused",
      sections: ["refusals"],
      text: "attempts",
      count: 3n,
      positions: [7n, 8n],
      lines: [line],
      inNoLine: 2n,
    }),
  ],
  result: create(ReportResultSchema, {
    tenant: "acme<b>",
    ledger: "main",
    events: 12n,
    firstPosition: 0n,
    latency: { count: 2n, p50Ms: 1500n, p95Ms: 2000n, maxMs: 2100n },
    controls: [{ framework: "NIST 800-53", control: "AC-5", title: "separation of duties", how: "x", count: 3n, positions: [7n] }],
  }),
};

describe("P8: a report shows hostile names as text", () => {
  it("in a page", () => {
    const page = reportHtml(report).toString();
    expect(page).toContain("default-src 'none'");
    expect(page).not.toMatch(/<script|<b>|\u202e|<\/td><\/td>/);
    expect(page).toContain("Refused votes");
    expect(page).toContain("<td>7 8 …</td>");
    expect(page).toContain("NIST 800-53 AC-5");
    expect(page).toContain("2 more, in no line");
  });

  it("in a table: six cells a row, none of them a formula", () => {
    const csv = reportCsv(report);
    expect(csv).toContain(`"'=HYPERLINK(""http://x"")`);
    expect(csv).not.toMatch(/(^|,)"?[=+@-]/m);
    expect(csv.split("\r\n")[0]).toBe("section,kind,subject,detail,count,positions");
  });
});

it("says how long people took", () => {
  expect(latencyText(report.result.latency)).toBe("2 approvals by people: half within 1.5 s, 95 % within 2.0 s, the longest 2.1 s");
  expect(latencyText(undefined)).toBe("nobody was asked and approved");
});
