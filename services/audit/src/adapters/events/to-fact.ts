import { decodeEvent, isDirectoryEvent, UnknownEventError, type DecodedEvent } from "@countersign/events";
import type { RecordedEvent } from "@countersign/event-log";
import type { ReviewerStanding } from "@countersign/proto/event/v1/action_events_pb";
import {
  ExecutionOutcome,
  type Quorum,
  type ReviewerSelector,
  ReviewMode,
  type Stage,
  VerdictOutcome,
  VoteDecision,
} from "@countersign/proto/v1/action_pb";
import { PrincipalType, type PrincipalRef } from "@countersign/proto/v1/principal_pb";
import { type Timestamp, timestampMs } from "@bufbuild/protobuf/wkt";
import type { ActionFact, ClaimantFact, StageFact } from "../../projections/actions/fact.ts";
import { principalKey } from "../../projections/actions/principal-key.ts";
import { type Ask, askOf, REQUESTER_MANAGER } from "../../projections/actions/ask.ts";
import { PRINCIPAL_KINDS } from "./wire-names.ts";

/**
 * What the list of actions needs of an event.
 * @throws UnknownEventError on a type or version of a newer build, and on an event that has no place on an action's stream.
 */
export function toFact(event: RecordedEvent): ActionFact {
  // Half of all events say all that is needed here by their type: decoding them is most of what a fold would cost.
  if (event.schemaVersion === 1 && isBare(event.type)) return { type: event.type };
  return factOf(decodeEvent(event));
}

const BARE = [
  "ReviewerReminded",
  "ReviewHeld",
  "AfterReviewReminded",
  "AfterReviewClosed",
  "CommentAdded",
  "ClaimReleased",
  "EditAccepted",
  "ActionApproved",
  "ActionRejected",
  "ActionExpired",
  "ActionCancelled",
  "GrantIssued",
  "GrantRedeemed",
  "GrantExpired",
  "GrantRevoked",
  "ExecutionUnreported",
  "ContentErased",
] as const satisfies readonly ActionFact["type"][];

const BARE_TYPES: ReadonlySet<string> = new Set(BARE);

function isBare(type: string): type is (typeof BARE)[number] {
  return BARE_TYPES.has(type);
}

function isBareEvent(event: DecodedEvent): event is Extract<DecodedEvent, { type: (typeof BARE)[number] }> {
  return isBare(event.type);
}

function factOf(event: DecodedEvent): ActionFact {
  if (isDirectoryEvent(event)) throw new UnknownEventError(`${event.type} on an action's stream`);
  if (isBareEvent(event)) return { type: event.type };
  switch (event.type) {
    case "ActionRequested":
      return requested(event.data);
    case "VerdictReached":
      return {
        type: event.type,
        denied: event.data.verdict?.outcome === VerdictOutcome.DENY,
        ownerMayApprove: event.data.verdict?.terms?.ownerMayApprove ?? false,
      };
    case "ReviewOpened":
      return {
        type: event.type,
        stages: event.data.stages.map(toStage),
        deadline: toMs(event.data.deadline),
      };
    case "StageOpened":
      return { type: event.type, stage: event.data.stage, deadline: toMs(event.data.deadline) };
    case "ReviewEscalated":
      return { type: event.type, stage: event.data.stage, deadline: toMs(event.data.deadline) };
    case "ReviewJoined":
      return { type: event.type, number: event.data.number };
    case "VoteCast":
      return {
        type: event.type,
        reviewer: keyOf(event.data.reviewer),
        principals: keysOf(event.data.reviewer, event.data.standing),
        approves: event.data.decision === VoteDecision.APPROVE,
        stage: event.data.stage,
      };
    case "BreakGlassUsed":
      return { type: event.type, reviewer: keysOf(event.data.reviewer, event.data.standing) };
    case "ReviewClaimed":
      return { type: event.type, reviewer: refOf(event.data.reviewer), until: toMs(event.data.expireTime) ?? 0 };
    case "VoteLapsed":
      return { type: event.type, reviewer: keyOf(event.data.reviewer) };
    case "ActionEdited":
      return { type: event.type, editor: keysOf(event.data.editor, event.data.standing), deadline: toMs(event.data.deadline) };
    case "ExecutionReported":
      return { type: event.type, succeeded: event.data.outcome === ExecutionOutcome.SUCCEEDED };
    case "PolicyPublished":
    case "PolicyActivated":
    case "EpochStarted":
    case "TilesRepaired":
    case "DeadLettersReplayed":
    case "DeadLetterDiscarded":
    case "VoteRefused":
    case "ReportRefused":
    case "ExportRequested":
    case "ExportProduced":
      throw new UnknownEventError(`${event.type} on an action's stream`);
  }
}

function toStage({ quorum, quorumText, escalation, mode }: Stage): StageFact {
  const selectors = quorum === undefined ? [] : selectorsOf(quorum);
  return {
    groups: [...new Set(selectors.flatMap(({ who }) => (who.case === "group" ? [storable(who.value)] : [])))],
    quorum: storable(quorumText),
    asks: [...new Set(selectors.flatMap(toAsk))],
    escalatesTo: [...new Set((escalation?.to ?? []).flatMap(toAsk))],
    confirms: mode === ReviewMode.CONFIRM,
  };
}

/** Whom a quorum names, however deep. */
function selectorsOf({ rule }: Quorum): readonly ReviewerSelector[] {
  if (rule.case === "atLeast") return rule.value.of;
  return rule.case === undefined ? [] : rule.value.of.flatMap(selectorsOf);
}

/** A selector of a newer build names nobody whom this one knows. */
function toAsk({ who }: ReviewerSelector): readonly Ask[] {
  switch (who.case) {
    case "group":
      return [askOf.group(storable(who.value))];
    case "person":
      return [askOf.person(storable(who.value))];
    case "onCall":
      return [askOf.onCall(storable(who.value))];
    case "requesterManager":
      return [REQUESTER_MANAGER];
    case undefined:
      return [];
  }
}

function toMs(time: Timestamp | undefined): number | null {
  return time === undefined ? null : timestampMs(time);
}

function requested(data: Extract<DecodedEvent, { type: "ActionRequested" }>["data"]): ActionFact {
  const owner = data.requester?.owner;
  const chain = (data.requester?.chain ?? []).map(keyOf);
  return {
    type: "ActionRequested",
    requester: {
      ...refOf(data.requester),
      kind: PRINCIPAL_KINDS[data.requester?.type ?? PrincipalType.UNSPECIFIED] ?? "unknown",
      chain,
    },
    owner: owner === undefined ? null : keyOf(owner),
    actionName: storable(data.actionName),
    resourceType: storable(data.resourceType),
    resourceId: storable(data.resourceId),
  };
}

function refOf(principal: Pick<PrincipalRef, "issuer" | "id"> | undefined): ClaimantFact {
  return { issuer: storable(principal?.issuer ?? ""), id: storable(principal?.id ?? "") };
}

function keyOf(principal: Pick<PrincipalRef, "issuer" | "id"> | undefined): string {
  return principalKey({ issuer: principal?.issuer ?? "", id: principal?.id ?? "" });
}

/** Every principal of a human as it was known then, and of the one in whose place it spoke. */
function keysOf(principal: Parameters<typeof keyOf>[0], standing: ReviewerStanding | undefined): readonly string[] {
  const known = [...(standing?.principals ?? []), ...(standing?.inPlaceOf?.principals ?? [])];
  return [...new Set([keyOf(principal), ...known.map(keyOf)])];
}

/** Postgres text cannot hold U+0000. */
function storable(text: string): string {
  return text.includes("\0") ? text.replaceAll("\0", "\ufffd") : text;
}
