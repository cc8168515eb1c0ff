import type { RecordedEvent } from "@countersign/event-log";
import { knownEvent, type DecodedEvent } from "@countersign/events";
import { VerdictOutcome, VoteDecision } from "@countersign/proto/v1/action_pb";
import type { ReportEvent } from "../../report/report-event.ts";
import { formatName } from "./export-format.ts";
import { OUTCOMES, VERDICTS } from "./wire-names.ts";

/** What a report needs of an event; of one that a newer build wrote, that it happened. */
export function toReportEvent(event: RecordedEvent): ReportEvent {
  const { position, time, type, stream, actor } = event;
  const base = {
    position,
    at: time.getTime(),
    type,
    stream: { type: stream.type, id: stream.id },
    action: stream.type === "action" ? stream.id : undefined,
    who: actor?.id ?? "",
  };
  const decoded = READ.has(type) ? knownEvent(event) : undefined;
  return decoded === undefined ? base : { ...base, ...more(decoded) };
}

/** Of all others, the type, the stream and who caused it say enough. */
const READ: ReadonlySet<string> = new Set([
  "ActionRequested",
  "VerdictReached",
  "VoteCast",
  "GrantRedeemed",
  "GrantRevoked",
  "GrantExpired",
  "ExecutionReported",
  "VoteRefused",
  "ReportRefused",
  "PolicyPublished",
  "PolicyActivated",
  "ExportProduced",
  "DeadLetterDiscarded",
]);

const DECISIONS: Readonly<Record<number, ReportEvent["decision"]>> = { [VoteDecision.APPROVE]: "approve", [VoteDecision.REJECT]: "reject" };

function more({ type, data }: DecodedEvent): Partial<ReportEvent> {
  switch (type) {
    case "ActionRequested":
      return { name: data.actionName };
    case "VerdictReached":
      return { verdict: VERDICTS[data.verdict?.outcome ?? VerdictOutcome.UNSPECIFIED] };
    case "VoteCast":
      return {
        decision: DECISIONS[data.decision],
        who: data.standing?.person || (data.reviewer?.id ?? ""),
        hasty: data.haste !== undefined,
      };
    case "GrantRedeemed":
    case "GrantRevoked":
    case "GrantExpired":
      return { grant: data.grantId };
    case "ExecutionReported":
      return { outcome: OUTCOMES[data.outcome], output: hex(data.outputDigest) };
    case "VoteRefused":
      return { action: data.actionId, who: data.reviewer?.id ?? "", reason: data.reason };
    case "ReportRefused":
      return {
        action: data.actionId,
        who: data.reporter?.id ?? "",
        output: hex(data.refusedOutputDigest),
        recordedOutput: hex(data.recordedOutputDigest),
      };
    case "PolicyPublished":
    case "PolicyActivated":
      return { detail: `revision ${data.revision}` };
    case "ExportProduced":
      return { detail: formatName(data.format) };
    case "DeadLetterDiscarded":
      return { detail: `${data.consumer}, position ${data.position}` };
    default:
      return {};
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");
}
