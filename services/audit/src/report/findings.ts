import type { ReportEvent } from "./report-event.ts";
import type { History } from "./history.ts";
import type { KindName } from "./kinds.ts";

/** One thing that an event says. */
export type Finding = {
  readonly kind: KindName;
  /** Who, or which action; empty: it goes into no line. */
  readonly subject: string;
  readonly detail: string;
};

const OF_TYPE: Readonly<Record<string, KindName>> = {
  ActionRequested: "requested",
  ActionRejected: "rejected",
  ActionCancelled: "cancelled",
  ActionExpired: "expired",
  GrantIssued: "granted",
};

/** Of these the report lists which actions they were about. */
const BY_ACTION: Readonly<Record<string, KindName>> = {
  GrantExpired: "grant_expired",
  GrantRevoked: "grant_revoked",
  VoteLapsed: "vote_lapsed",
};

const BY_PERSON: Readonly<Record<string, KindName>> = {
  ActionEdited: "edited",
  ReviewJoined: "joined",
  BreakGlassUsed: "break_glass_used",
  AfterReviewClosed: "break_glass_reviewed",
  ContentErased: "erased",
  ExportProduced: "exported",
  DeadLetterDiscarded: "given_up",
};

const REFUSALS: Readonly<Record<string, KindName>> = {
  SELF_APPROVAL: "self_approval_refused",
  NOT_HUMAN: "not_human_refused",
};

const VERDICTS = { allow: "allowed", deny: "denied", review: "sent_to_people" } as const satisfies Readonly<Record<string, KindName>>;

/** What an event says, after what its action's earlier ones said. */
export function findingsOf(event: ReportEvent, history: History): readonly Finding[] {
  const found = named(event, history);
  const alarms = alarmsOf(event, history).map((kind): Finding => ({ kind, subject: event.action ?? "", detail: history.name }));
  const hasty: readonly Finding[] = event.hasty === true ? [{ kind: "vote_hasty", subject: event.who, detail: "" }] : [];
  return [{ kind: "recorded", subject: "", detail: "" }, ...(found === undefined ? [] : [found]), ...hasty, ...alarms];
}

function named(event: ReportEvent, history: History): Finding | undefined {
  const bare = (kind: KindName): Finding => ({ kind, subject: "", detail: "" });
  const by = (kind: KindName, detail = history.name): Finding => ({ kind, subject: event.who, detail });
  switch (event.type) {
    case "VerdictReached":
      return event.verdict && bare(VERDICTS[event.verdict]);
    case "ActionApproved":
      // What policy allows is approved without anybody having been asked.
      return history.openedAt === undefined ? undefined : bare("approved");
    case "VoteCast":
      return event.decision && by(event.decision === "approve" ? "vote_approved" : "vote_rejected");
    case "GrantRedeemed":
      return bare("redeemed");
    case "ExecutionReported":
      return event.outcome && bare(event.outcome);
    case "VoteRefused":
      return refusal(event, history);
    default:
      break;
  }
  const bareKind = memberOf(OF_TYPE, event.type);
  if (bareKind !== undefined) return bare(bareKind);
  const actionKind = memberOf(BY_ACTION, event.type);
  if (actionKind !== undefined) return { kind: actionKind, subject: event.action ?? "", detail: history.name };
  const personKind = memberOf(BY_PERSON, event.type);
  if (personKind !== undefined) return by(personKind, event.detail ?? history.name);
  if (event.stream.type === "policy") return by("policy_changed", `${event.type} ${event.detail ?? ""}`.trim());
  if (event.stream.type === "directory") return by("access_changed", event.type);
  return undefined;
}

function refusal(event: ReportEvent, { name }: History): Finding {
  const reason = event.reason ?? "";
  const kind = memberOf(REFUSALS, reason);
  return kind === undefined
    ? { kind: "other_refused", subject: event.who, detail: `${reason} ${name}`.trim() }
    : { kind, subject: event.who, detail: name };
}

/**
 * Executions that do not add up. The decider appends one redemption and, after it, one report: what breaks that is a flaw of the log or of who wrote it. An output can differ
 * only in a report that was refused since another one was on record.
 */
export function alarmsOf(event: ReportEvent, history: History): readonly KindName[] {
  switch (event.type) {
    case "ExecutionUnreported":
      return ["unreported"];
    case "ExecutionReported": {
      const twice = history.output !== undefined && history.output !== (event.output ?? "");
      return [...(history.redeemed ? [] : (["reported_unredeemed"] as const)), ...(twice ? (["output_differs"] as const) : [])];
    }
    case "ReportRefused":
      return event.output === event.recordedOutput ? [] : ["output_differs"];
    case "GrantRedeemed": {
      const ended = history.ended.includes(event.grant ?? "");
      return [...(ended ? (["used_after_end"] as const) : []), ...(history.redeemed ? (["redeemed_twice"] as const) : [])];
    }
    default:
      return [];
  }
}

function memberOf(table: Readonly<Record<string, KindName>>, name: string): KindName | undefined {
  return Object.hasOwn(table, name) ? table[name] : undefined;
}
