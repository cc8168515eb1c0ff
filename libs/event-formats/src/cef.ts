import { meaningOf, type Severity } from "./meaning.ts";
import { hex, textMember, type EventRecord } from "./record.ts";

const VENDOR = "Countersign";
const VERSION = "1";

/** 0 to 3 low, 4 to 6 medium, 7 and 8 high, 9 and 10 very high. */
const SEVERITIES: Readonly<Record<Severity, number>> = { informational: 1, low: 3, medium: 5, high: 8 };

/** ArcSight Common Event Format, revision 25: one line, whatever its texts hold. */
export function toCef(record: EventRecord): string {
  const { severity, result } = meaningOf(record);
  const head = [VENDOR, "countersign", VERSION, record.type, record.summary].map(headerField).join("|");
  const extension = Object.entries({
    rt: String(record.time.getTime()),
    externalId: record.id,
    act: textMember(record, "actionName"),
    outcome: result ?? "",
    suser: record.actor?.id ?? "",
    suid: record.actor === undefined ? "" : `${record.actor.issuer} ${record.actor.id}`,
    cs1Label: "tenant",
    cs1: record.tenant,
    cs2Label: record.stream.type,
    cs2: record.stream.id,
    cs3Label: "leafHash",
    cs3: hex(record.leafHash),
    cn1Label: "position",
    cn1: String(record.position),
    cn2Label: "tenantSequence",
    cn2: String(record.tenantSequence),
    msg: record.summary,
  })
    .filter(([, value]) => value !== "")
    .map(([key, value]) => `${key}=${extensionValue(value)}`)
    .join(" ");
  return `CEF:0|${head}|${SEVERITIES[severity]}|${extension}`;
}

/** A header field ends at a pipe and a record at a line's end; neither can be written by a text. */
function headerField(text: string): string {
  return text
    .replaceAll(/[\r\n\u0085\u2028\u2029]+/g, " ")
    .replaceAll("\\", "\\\\")
    .replaceAll("|", "\\|");
}

function extensionValue(text: string): string {
  return text
    .replaceAll("\\", "\\\\")
    .replaceAll("=", "\\=")
    .replaceAll("\r", "\\r")
    .replaceAll(/[\n\u0085\u2028\u2029]/g, "\\n");
}
