import { csvCell } from "@countersign/evidence";
import type { Report } from "./report.ts";

const HEAD = ["section", "kind", "subject", "detail", "count", "positions"];

/** A table (RFC 4180): a row for each kind, one for each of its lines, and one for each control. No cell is taken for a formula. */
export function reportCsv({ findings, result }: Report): string {
  const rows = findings.flatMap(({ sections, kind, text, count, positions, lines }) => [
    [sections.join(" "), kind, "", text, String(count), positions.join(" ")],
    ...lines.map((line) => [sections.join(" "), kind, line.subject, line.detail, String(line.count), line.positions.join(" ")]),
  ]);
  const controls = result.controls.map(({ framework, control, title, count, positions }) => [
    "controls",
    `${framework} ${control}`,
    "",
    title,
    String(count),
    positions.join(" "),
  ]);
  return [HEAD, ...rows, ...controls].map((row) => `${row.map(csvCell).join(",")}\r\n`).join("");
}
