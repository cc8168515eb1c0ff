import type { ReportFinding } from "@countersign/proto/v1/audit_service_pb";
import { fragment, page, type Html } from "@countersign/evidence";
import { findingsIn, latencyText, periodText, positionsText, SECTIONS, type Report } from "./report.ts";

/** One page that needs nothing but itself, in which nothing can run. */
export function reportHtml(report: Report): Buffer {
  const { result } = report;
  const controls = result.controls.map(
    (control) =>
      fragment`<tr><td>${control.framework} ${control.control}</td><td>${control.title}</td><td>${control.how}</td><td>${control.count}</td><td>${positionsText(control)}</td></tr>`,
  );
  return page(`Compliance report of ${result.tenant}, ${periodText(result.from, result.to)}`, [
    fragment`<p>${result.events} events of ledger ${result.ledger}${placeText(result)}. Positions are places in the ledger: countersign proof --position N proves each, and an archive of the same period holds them all.</p>`,
    fragment`<p>${latencyText(result.latency)}.</p>`,
    ...SECTIONS.map(([name, title]) => fragment`<h2>${title}</h2>${findingsIn(report, name).map(findingHtml)}`),
    fragment`<h2>Controls</h2><table><tr><th>control</th><th>asks for</th><th>how it is met</th><th>events</th><th>positions</th></tr>${controls}</table>`,
  ]);
}

function findingHtml(finding: ReportFinding): Html {
  const { text, count, lines, inNoLine } = finding;
  const rows = lines.map(
    (line) => fragment`<tr><td>${line.subject}</td><td>${line.detail}</td><td>${line.count}</td><td>${positionsText(line)}</td></tr>`,
  );
  const more = inNoLine === 0n ? [] : [fragment`<p>${inNoLine} more, in no line.</p>`];
  const head = fragment`<p>${text}: ${count}${count === 0n ? "" : ` (at ${positionsText(finding)})`}</p>`;
  return rows.length === 0 ? head : fragment`${head}<table>${rows}</table>${more}`;
}

function placeText({ firstPosition, lastPosition }: Report["result"]): string {
  return firstPosition === undefined ? "" : `, at positions ${firstPosition} to ${lastPosition ?? firstPosition}`;
}
