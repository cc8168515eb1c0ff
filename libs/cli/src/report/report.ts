import type { Timestamp } from "@bufbuild/protobuf/wkt";
import type { ApprovalLatency, ReportFinding, ReportResult } from "@countersign/proto/v1/audit_service_pb";
import { moment } from "../output.ts";

/** A whole report, as it came in pieces. */
export type Report = { readonly findings: readonly ReportFinding[]; readonly result: ReportResult };

/** The sections of a report in the order in which people read them. */
export const SECTIONS: readonly (readonly [name: string, title: string])[] = [
  ["volumes", "Volumes"],
  ["people", "Who approved what"],
  ["break_glass", "Break-glass"],
  ["refusals", "Refused votes"],
  ["policy", "Policy changes"],
  ["access", "People and groups"],
  ["exceptions", "Exceptions"],
  ["alarms", "Alarms: executions that do not add up"],
  ["handed_out", "Exports and erasures"],
];

export function findingsIn({ findings }: Report, section: string): readonly ReportFinding[] {
  return findings.filter(({ sections }) => sections.includes(section));
}

/** The first positions, and that there are more. */
export function positionsText({ positions, count }: { readonly positions: readonly bigint[]; readonly count: bigint }): string {
  return `${positions.join(" ")}${count > BigInt(positions.length) ? " …" : ""}`;
}

export function periodText(from: Timestamp | undefined, to: Timestamp | undefined): string {
  return `${from === undefined ? "from the first event" : moment(from)} to ${moment(to)}`;
}

export function latencyText(latency: ApprovalLatency | undefined): string {
  if (latency === undefined || latency.count === 0n) return "nobody was asked and approved";
  const seconds = (milliseconds: bigint): string => `${(Number(milliseconds) / 1000).toFixed(1)} s`;
  return `${latency.count} approvals by people: half within ${seconds(latency.p50Ms)}, 95 % within ${seconds(latency.p95Ms)}, the longest ${seconds(latency.maxMs)}`;
}
