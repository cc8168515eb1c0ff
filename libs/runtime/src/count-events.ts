import type { EventLog, RecordedEvent } from "@countersign/event-log";
import { decodeEvent } from "@countersign/events";
import { ExecutionOutcome, VerdictOutcome } from "@countersign/proto/v1/action_pb";
import { ATTRIBUTES, instruments, tenantLabel } from "@countersign/telemetry";

/**
 * Counts what this process commits: actions by outcome, the time to each decision, grants, votes, emergencies. From the events themselves, so that what is counted is what is in the log,
 * and the code that decides knows nothing of it.
 */
export function countEvents(log: Pick<EventLog, "onCommitted">): () => void {
  return log.onCommitted((events) => {
    if (instruments() === undefined) return;
    for (const event of events) if (event.stream.type === "action") count(event);
  });
}

/** What an event makes of its action. */
const OUTCOMES: Readonly<Record<string, string>> = {
  ActionRequested: "requested",
  ReviewOpened: "in_review",
  ActionApproved: "approved",
  ActionRejected: "rejected",
  ActionExpired: "expired",
  ActionCancelled: "cancelled",
  ExecutionUnreported: "unreported",
};

const DECISIONS: ReadonlySet<string> = new Set(["approved", "denied", "rejected", "expired", "cancelled"]);

const GRANTS: Readonly<Record<string, string>> = {
  GrantIssued: "issued",
  GrantRedeemed: "redeemed",
  GrantExpired: "expired",
  GrantRevoked: "revoked",
};

function count(event: RecordedEvent): void {
  const measured = instruments();
  const tenant = tenantLabel(event.stream.tenant);
  const outcome = outcomeOf(event);
  if (outcome !== undefined) measured?.actions.add(1, { [ATTRIBUTES.outcome]: outcome, ...tenant });
  if (outcome !== undefined && DECISIONS.has(outcome)) {
    const seconds = secondsSinceRequest(event);
    if (seconds !== undefined) measured?.decisions.record(seconds, { [ATTRIBUTES.outcome]: outcome, ...tenant });
  }
  const grant = GRANTS[event.type];
  if (grant !== undefined) measured?.grants.add(1, { [ATTRIBUTES.outcome]: grant, ...tenant });
  if (event.type === "VoteCast") measured?.votesCast.add(1, tenant);
  if (event.type === "BreakGlassUsed") measured?.breakGlass.add(1, tenant);
}

function outcomeOf(event: RecordedEvent): string | undefined {
  if (event.type !== "VerdictReached" && event.type !== "ExecutionReported") return OUTCOMES[event.type];
  const decoded = decodeEvent(event);
  // A verdict of deny is the denial: no other event says so.
  if (decoded.type === "VerdictReached") return decoded.data.verdict?.outcome === VerdictOutcome.DENY ? "denied" : undefined;
  if (decoded.type === "ExecutionReported") return decoded.data.outcome === ExecutionOutcome.SUCCEEDED ? "succeeded" : "failed";
  return undefined;
}

/** The id of an action is a UUID of version 7: its first 48 bits are the moment of the request. */
function secondsSinceRequest({ stream, time }: RecordedEvent): number | undefined {
  const hex = stream.id.replaceAll("-", "");
  if (hex.length !== 32 || hex[12] !== "7") return undefined;
  return Math.max(0, (time.getTime() - Number.parseInt(hex.slice(0, 12), 16)) / 1000);
}
