import type { DescService, MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { AfterReviewFinding, CommentKind, ExecutionOutcome } from "@countersign/proto/v1/action_pb";
import type { ActionService } from "@countersign/proto/v1/action_service_pb";
import type { AuditService } from "@countersign/proto/v1/audit_service_pb";
import type { DirectoryService } from "@countersign/proto/v1/directory_service_pb";
import { Durability } from "@countersign/proto/v1/durability_pb";
import { ExportFormat } from "@countersign/proto/v1/export_format_pb";
import type { NotifierService } from "@countersign/proto/v1/notifier_service_pb";
import type { PolicyService } from "@countersign/proto/v1/policy_service_pb";
import { PrincipalType } from "@countersign/proto/v1/principal_pb";
import { ClaimFilter, type ReviewService } from "@countersign/proto/v1/review_service_pb";
import { starterPolicy } from "@countersign/policy";
import { readdressed, type Names } from "./names.ts";
import { OTHER } from "./two-tenants.ts";

/** What is asked of a method, with names that somebody gave. */
type Asked<Request> = {
  /** Answered as if nothing had these names. */
  readonly ofNothing?: (names: Names) => readonly Request[];
  /** Answered with what is the caller's own, which may be something. */
  readonly ofOwn?: (names: Names) => readonly Request[];
};

/** Everything that can be asked with another tenant's names: a method more does not compile without its questions. */
type Questions<Service extends DescService> = {
  readonly [Name in keyof Service["method"]]: Asked<MessageInitShape<Service["method"][Name]["input"]>>;
};

const at = ({ position }: Names) => ({ moment: { case: "position", value: position } }) as const;
/** As the wire has it. */
export const inputOf = ({ input: { subject, action, resource, context } }: Names) => ({
  subject: { ...subject, properties: {} },
  action: { ...action, properties: action.properties ?? {} },
  resource: { ...resource, properties: {} },
  context: context ?? {},
});
const shown = ({ action: { id, digest, version, shownDigest } }: Names) => ({ actionId: id, digest, version, shownDigest });
const later = () => timestampFromMs(Date.now() + 3_600_000);
const EMERGENCY = "the database is full, and nobody answers";

const actions: Questions<typeof ActionService> = {
  requestAction: { ofOwn: (names) => [{ input: inputOf(names), idempotencyKey: names.keys.request }] },
  requestAndWatch: { ofOwn: (names) => [{ input: inputOf(names), idempotencyKey: names.keys.request }] },
  evaluateAction: { ofOwn: (names) => [{ input: inputOf(names) }] },
  getAction: { ofNothing: (names) => [{ actionId: names.action.id }, { actionId: names.action.id, at: at(names) }] },
  listActions: {
    ofNothing: ({ pages }) => [{ pageSize: 1, pageToken: pages.actions }],
    ofOwn: (names) => [{}, { at: at(names) }, { actionName: names.input.action.name }],
  },
  watchAction: {
    ofNothing: ({ action }) => [
      { actionId: action.id },
      { actionId: action.id, afterVersion: 1n },
      { actionId: action.id, untilDecided: true },
    ],
  },
  cancelAction: { ofNothing: ({ action }) => [{ actionId: action.id, durability: Durability.SEALED }] },
  acceptEdit: { ofNothing: ({ action }) => [{ actionId: action.id, digest: action.digest }] },
  redeemGrant: {
    ofNothing: ({ grantToken, action: { digest }, keys }) =>
      [grantToken, readdressed(grantToken, { tenant: OTHER })].map((token) => ({
        grantToken: token,
        digest,
        idempotencyKey: keys.redeem,
      })),
  },
  reportExecution: { ofNothing: ({ action }) => [{ actionId: action.id, outcome: ExecutionOutcome.FAILED, message: "not yours" }] },
  getGrantKeys: { ofOwn: () => [{}] },
  eraseContent: {
    ofNothing: ({ action }) => [true, false].map((dryRun) => ({ actionId: action.id, reason: "forget it", force: true, dryRun })),
  },
};

const reviews: Questions<typeof ReviewService> = {
  listReviews: {
    ofNothing: ({ pages }) => [{ pageSize: 1, all: true, pageToken: pages.reviews }],
    ofOwn: (names) => [{}, { all: true }, { all: true, at: at(names) }, { claim: ClaimFilter.MINE }],
  },
  getReview: { ofNothing: ({ action }) => [{ actionId: action.id }] },
  submitVote: {
    ofNothing: (names) => [
      { ...shown(names), decision: { case: "approve", value: {} } },
      { ...shown(names), decision: { case: "reject", value: { reason: "no" } } },
      { ...shown(names), decision: { case: "edit", value: { properties: { limit: 1 }, reason: "less" } } },
    ],
  },
  breakGlass: { ofNothing: (names) => [{ ...shown(names), reason: EMERGENCY }] },
  closeAfterReview: {
    ofNothing: ({ action }) => [{ actionId: action.id, finding: AfterReviewFinding.JUSTIFIED, reason: "it was full" }],
  },
  addComment: {
    ofNothing: ({ action, keys }) => [
      { actionId: action.id, kind: CommentKind.REMARK, text: "hello", idempotencyKey: keys.comment },
      { actionId: action.id, kind: CommentKind.ANSWER, question: 1, text: "because", idempotencyKey: keys.comment },
    ],
  },
  claimReview: { ofNothing: ({ action }) => [{ actionId: action.id }] },
  releaseReview: { ofNothing: ({ action }) => [{ actionId: action.id }] },
};

const policies: Questions<typeof PolicyService> = {
  publishPolicy: { ofOwn: ({ document }) => [{ document, validateOnly: true }, { document }] },
  activatePolicy: { ofNothing: ({ revision }) => [{ revision }] },
  getPolicy: { ofNothing: ({ revision }) => [{ revision }], ofOwn: (names) => [{}, { at: at(names) }] },
  listPolicyRevisions: { ofOwn: (names) => [{}, { pageToken: names.pages.revisions }, { at: at(names) }] },
  testPolicy: {
    ofOwn: (names) => [
      { document: starterPolicy(), input: inputOf(names), requester: { tenant: "acme", type: PrincipalType.AGENT, id: "crm-agent" } },
    ],
  },
  backtestPolicy: { ofOwn: () => [{ document: starterPolicy() }] },
};

const directory: Questions<typeof DirectoryService> = {
  getMe: { ofOwn: () => [{}] },
  createDelegation: { ofNothing: ({ person }) => [person.id, person.userName].map((to) => ({ to, untilTime: later() })) },
  revokeDelegation: { ofNothing: ({ delegationId }) => [{ delegationId }] },
  listDelegations: { ofOwn: (names) => [{}, { all: true, past: true }, { all: true, at: at(names) }] },
  setAway: { ofNothing: ({ person }) => [person.id, person.userName].map((deputy) => ({ deputy, untilTime: later() })) },
  getLinkOffer: { ofNothing: ({ code }) => [{ code }] },
  linkAccount: { ofNothing: ({ code, account }) => [{ code, account }] },
  unlinkAccount: { ofNothing: ({ account, linked }) => [{ account }, { account: linked }] },
  erasePerson: {
    ofNothing: ({ person }) => [true, false].map((dryRun) => ({ personId: person.id, reason: "forget them", force: true, dryRun })),
  },
};

const CONSUMER = "audit.actions";

const audit: Questions<typeof AuditService> = {
  streamEvents: {
    ofNothing: ({ action, exportId }) => [{ streamId: action.id }, { streamId: exportId }],
    ofOwn: ({ position }) => [
      {},
      { fromPosition: position, limit: 1n },
      { fromPosition: position, endPosition: position + 1n },
      { subjectType: "agent", subjectId: "crm-agent" },
      { types: ["VoteCast", "ExportProduced", "PolicyPublished"] },
    ],
  },
  getTimeline: { ofNothing: (names) => [{ actionId: names.action.id }, { actionId: names.action.id, at: at(names) }] },
  getCheckpoint: { ofOwn: () => [{}] },
  getProof: {
    ofNothing: ({ action, eventId, position }) => [
      { event: { case: "eventId", value: eventId } },
      { event: { case: "position", value: position } },
      { event: { case: "actionVersion", value: { actionId: action.id, version: 1n } } },
    ],
  },
  export: { ofOwn: () => [{}, { format: ExportFormat.CLOUD_EVENTS }] },
  getReport: { ofOwn: () => [{}] },
  listDeadLetters: { ofOwn: ({ pages }) => [{}, { consumer: CONSUMER }, { pageToken: pages.deadLetters }] },
  getDeadLetter: { ofNothing: ({ position }) => [{ consumer: CONSUMER, position }] },
  replayDeadLetters: { ofNothing: ({ position }) => [{ consumer: CONSUMER, position }, { consumer: CONSUMER }] },
  discardDeadLetter: { ofNothing: ({ position }) => [{ consumer: CONSUMER, position, reason: "never mind" }] },
  fsck: { ofNothing: () => [{}] },
  rebuildProjection: { ofNothing: () => [{ name: CONSUMER }] },
  startEpoch: { ofNothing: () => [{}] },
};

const notifiers: Questions<typeof NotifierService> = {
  listNotifiers: { ofOwn: () => [{}] },
  listDeliveries: { ofNothing: ({ channel }) => [{ channel }], ofOwn: ({ pages }) => [{}, { pageToken: pages.deliveries }] },
  retryDeliveries: { ofNothing: ({ channel, deliveryId }) => [{ channel }, { channel, ids: [deliveryId] }] },
};

/** By service and method, as descriptors name them. */
export const QUESTIONS: Readonly<Record<string, Readonly<Record<string, Asked<object>>>>> = {
  ActionService: actions,
  ReviewService: reviews,
  PolicyService: policies,
  DirectoryService: directory,
  AuditService: audit,
  NotifierService: notifiers,
};
