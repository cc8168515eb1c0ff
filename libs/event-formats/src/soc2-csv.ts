import { csvCell } from "@countersign/evidence";
import { meaningOf } from "./meaning.ts";
import { hex, member, textMember, type EventRecord } from "./record.ts";

/** Trust Services Criteria (2017, revised 2022) that an event is evidence for. */
function controlsOf(record: EventRecord): string {
  const { type } = record;
  if (type === "VoteCast" && member(record, "haste") !== undefined) return "CC6.1 CC8.1 CC7.2";
  if (type.startsWith("Policy")) return "CC8.1 CC6.1";
  if (type.startsWith("Person") || type.startsWith("Group") || type.startsWith("Member") || type.startsWith("Delegation"))
    return "CC6.2 CC6.3";
  if (
    type === "BreakGlassUsed" ||
    type === "ExecutionUnreported" ||
    type === "GrantRevoked" ||
    type === "ReportRefused" ||
    type === "EpochStarted" ||
    type === "TilesRepaired"
  )
    return "CC7.2 CC6.1";
  if (type === "VoteRefused") return "CC6.3 CC7.2";
  if (type.startsWith("Export") || type === "ContentErased") return "CC7.2 C1.2";
  return "CC6.1 CC8.1";
}

const COLUMNS = {
  position: (record) => String(record.position),
  tenant_sequence: (record) => String(record.tenantSequence),
  time: (record) => record.time.toISOString(),
  event: (record) => record.type,
  what_happened: (record) => record.summary,
  actor_issuer: (record) => record.actor?.issuer ?? "",
  actor: (record) => record.actor?.id ?? "system",
  subject: (record) => `${record.stream.type} ${record.stream.id}`,
  action: (record) => textMember(record, "actionName"),
  resource: (record) => [textMember(record, "resourceType"), textMember(record, "resourceId")].filter(Boolean).join(" "),
  result: (record) => meaningOf(record).result ?? "",
  severity: (record) => meaningOf(record).severity,
  controls: (record) => controlsOf(record),
  event_id: (record) => record.id,
  leaf_hash: (record) => hex(record.leafHash),
} satisfies Readonly<Record<string, (record: EventRecord) => string>>;

/** Names of the columns, as the first line. */
export const SOC2_CSV_HEAD = Object.keys(COLUMNS).join(",");

/** A line of a table for auditors (RFC 4180). No cell is taken for a formula by a spreadsheet. */
export function toSoc2Csv(record: EventRecord): string {
  return Object.values(COLUMNS)
    .map((column) => csvCell(column(record)))
    .join(",");
}
