import { fromBinary, toJson, type MessageShape } from "@bufbuild/protobuf";
import * as action from "@countersign/proto/event/v1/action_events_pb";
import * as directory from "@countersign/proto/event/v1/directory_events_pb";
import * as erasure from "@countersign/proto/event/v1/erasure_events_pb";
import * as exported from "@countersign/proto/event/v1/export_events_pb";
import * as ledger from "@countersign/proto/event/v1/ledger_events_pb";
import * as operations from "@countersign/proto/event/v1/operations_events_pb";
import * as policy from "@countersign/proto/event/v1/policy_events_pb";
import * as refusal from "@countersign/proto/event/v1/refusal_events_pb";
import { encodeMessage, type Fields } from "./encode-message.ts";

/** Events of directory streams. */
const DIRECTORY_SCHEMAS = {
  PersonProvisioned: directory.PersonProvisionedSchema,
  PersonChanged: directory.PersonChangedSchema,
  PersonDeactivated: directory.PersonDeactivatedSchema,
  PersonReactivated: directory.PersonReactivatedSchema,
  GroupChanged: directory.GroupChangedSchema,
  GroupRemoved: directory.GroupRemovedSchema,
  MembersChanged: directory.MembersChangedSchema,
  LinkOffered: directory.LinkOfferedSchema,
  AccountLinked: directory.AccountLinkedSchema,
  AccountUnlinked: directory.AccountUnlinkedSchema,
  DelegationGranted: directory.DelegationGrantedSchema,
  DelegationRevoked: directory.DelegationRevokedSchema,
  AwaySet: directory.AwaySetSchema,
} as const;

/** Every event there is, by the name its entry carries. An addition here needs a golden file in `golden/`. */
export const EVENT_SCHEMAS = {
  ActionRequested: action.ActionRequestedSchema,
  VerdictReached: action.VerdictReachedSchema,
  ReviewOpened: action.ReviewOpenedSchema,
  StageOpened: action.StageOpenedSchema,
  ReviewerReminded: action.ReviewerRemindedSchema,
  ReviewEscalated: action.ReviewEscalatedSchema,
  ReviewHeld: action.ReviewHeldSchema,
  ReviewJoined: action.ReviewJoinedSchema,
  VoteCast: action.VoteCastSchema,
  VoteLapsed: action.VoteLapsedSchema,
  ActionEdited: action.ActionEditedSchema,
  EditAccepted: action.EditAcceptedSchema,
  ActionApproved: action.ActionApprovedSchema,
  BreakGlassUsed: action.BreakGlassUsedSchema,
  AfterReviewReminded: action.AfterReviewRemindedSchema,
  AfterReviewClosed: action.AfterReviewClosedSchema,
  CommentAdded: action.CommentAddedSchema,
  ReviewClaimed: action.ReviewClaimedSchema,
  ClaimReleased: action.ClaimReleasedSchema,
  ActionRejected: action.ActionRejectedSchema,
  ActionExpired: action.ActionExpiredSchema,
  ActionCancelled: action.ActionCancelledSchema,
  GrantIssued: action.GrantIssuedSchema,
  GrantRedeemed: action.GrantRedeemedSchema,
  GrantExpired: action.GrantExpiredSchema,
  GrantRevoked: action.GrantRevokedSchema,
  ExecutionReported: action.ExecutionReportedSchema,
  ExecutionUnreported: action.ExecutionUnreportedSchema,
  PolicyPublished: policy.PolicyPublishedSchema,
  PolicyActivated: policy.PolicyActivatedSchema,
  DeadLettersReplayed: operations.DeadLettersReplayedSchema,
  DeadLetterDiscarded: operations.DeadLetterDiscardedSchema,
  EpochStarted: ledger.EpochStartedSchema,
  TilesRepaired: ledger.TilesRepairedSchema,
  ContentErased: erasure.ContentErasedSchema,
  VoteRefused: refusal.VoteRefusedSchema,
  ReportRefused: refusal.ReportRefusedSchema,
  ExportRequested: exported.ExportRequestedSchema,
  ExportProduced: exported.ExportProducedSchema,
  ...DIRECTORY_SCHEMAS,
} as const;

type Schemas = typeof EVENT_SCHEMAS;
export type EventType = keyof Schemas;

/** An event's payload with its type, as a union that a switch can exhaust. */
export type DecodedEvent = { [Type in EventType]: { readonly type: Type; readonly data: MessageShape<Schemas[Type]> } }[EventType];

/** The same before it is recorded: any message can be one. */
export type EncodableEvent = { [Type in EventType]: { readonly type: Type; readonly data: Fields<Schemas[Type]> } }[EventType];

/** What a directory stream holds, and no other stream does. */
export type DirectoryEvent = Extract<DecodedEvent, { readonly type: keyof typeof DIRECTORY_SCHEMAS }>;

/** Whether this belongs on a directory stream. */
export function isDirectoryEvent(event: DecodedEvent): event is DirectoryEvent {
  return Object.hasOwn(DIRECTORY_SCHEMAS, event.type);
}

/** An entry names a type or a schema version that this build does not know: a newer build wrote it. */
export class UnknownEventError extends Error {
  override readonly name = "UnknownEventError";
}

/** @throws UnknownEventError on a type or version of a newer build. */
export function requireKnown<Event extends { readonly type: string; readonly schemaVersion: number }>(
  event: Event,
): asserts event is Event & { readonly type: EventType } {
  if (!isEventType(event.type) || event.schemaVersion !== 1) {
    throw new UnknownEventError(`unknown event ${event.type} in version ${event.schemaVersion}`);
  }
}

/**
 * Decodes a payload as it was stored.
 * @throws UnknownEventError on a type or version of a newer build; never guess what it means.
 */
export function decodeEvent(event: { readonly type: string; readonly schemaVersion: number; readonly data: Uint8Array }): DecodedEvent {
  requireKnown(event);
  // The table is what ties a type to its schema; TypeScript cannot follow a correlated union through an index.
  return { type: event.type, data: fromBinary(EVENT_SCHEMAS[event.type], event.data) } as DecodedEvent;
}

/** The same; undefined when a newer build wrote it: for whoever shows what there is and decides nothing by it. */
export function knownEvent(event: Parameters<typeof decodeEvent>[0]): DecodedEvent | undefined {
  try {
    return decodeEvent(event);
  } catch (error) {
    if (error instanceof UnknownEventError) return undefined;
    throw error;
  }
}

/** The payload's bytes, and what an append needs to know beside them. */
export function encodeEvent(event: EncodableEvent): {
  readonly type: EventType;
  readonly schemaVersion: number;
  readonly data: Uint8Array;
} {
  return { type: event.type, schemaVersion: 1, data: encodeMessage<Schemas[EventType]>(EVENT_SCHEMAS[event.type], event.data) };
}

/** The payload as ProtoJSON, for people and exports. */
export function eventJson(event: DecodedEvent) {
  return toJson<Schemas[EventType]>(EVENT_SCHEMAS[event.type], event.data);
}

function isEventType(type: string): type is EventType {
  return Object.hasOwn(EVENT_SCHEMAS, type);
}
