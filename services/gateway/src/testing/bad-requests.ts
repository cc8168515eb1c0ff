import type { DescMessage, DescMethod, MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { ActionService } from "@countersign/proto/v1/action_service_pb";
import { AuditService } from "@countersign/proto/v1/audit_service_pb";
import { NotifierService } from "@countersign/proto/v1/notifier_service_pb";
import { PolicyService } from "@countersign/proto/v1/policy_service_pb";
import { PrincipalType } from "@countersign/proto/v1/principal_pb";
import { ReviewService } from "@countersign/proto/v1/review_service_pb";
import type { Outcome } from "./gateway-fixture.ts";

const { method: actions } = ActionService;
const { method: reviews } = ReviewService;
const { method: policies } = PolicyService;
const { method: audits } = AuditService;

export const ID = "0190a0b0-0000-7000-8000-000000000001";
/** No enum of ours has it; proto3 lets it through. */
export const UNKNOWN = 99 as 1;
const DIGEST = new Uint8Array(32).fill(1);

/** An input that nothing is wrong with. */
export const good = { action: { name: "db.export", properties: { table: "customers" } }, resource: { type: "db", id: "crm" } };

type Send = <Input extends DescMessage>(
  method: DescMethod & { readonly input: Input },
  message: MessageInitShape<Input>,
) => Promise<Outcome>;

/** A bad request of each method: what it is, the call, and the fields that the refusal has to name. */
export const badRequests = (send: Send): readonly (readonly [string, () => Promise<Outcome>, readonly string[]])[] => [
  [
    "ListActions: page and filters",
    () => send(actions.listActions, { pageSize: 201, pageToken: "x".repeat(1025), statuses: [0, UNKNOWN, 2], actionName: "A" }),
    ["page_size", "page_token", "statuses[0]", "statuses[1]", "action_name"],
  ],
  ["RedeemGrant: nothing", () => send(actions.redeemGrant, {}), ["grant_token", "digest", "idempotency_key"]],
  [
    "RedeemGrant: a short digest",
    () => send(actions.redeemGrant, { grantToken: "a.b.c", digest: new Uint8Array(31), idempotencyKey: "k" }),
    ["digest"],
  ],
  [
    "RedeemGrant: a huge token",
    () => send(actions.redeemGrant, { grantToken: `${"a".repeat(9000)}.b.c`, digest: DIGEST, idempotencyKey: "k" }),
    ["grant_token"],
  ],
  ["ReportExecution: an unknown outcome", () => send(actions.reportExecution, { actionId: ID, outcome: UNKNOWN }), ["outcome"]],
  [
    "ReportExecution: no outcome, odd digest, long message",
    () => send(actions.reportExecution, { actionId: ID, outputDigest: new Uint8Array(5), message: "x".repeat(4097) }),
    ["outcome", "output_digest", "message"],
  ],
  ["CancelAction: a long reason", () => send(actions.cancelAction, { actionId: ID, reason: "x".repeat(4097) }), ["reason"]],
  ["EraseContent: no reason", () => send(actions.eraseContent, { actionId: "x" }), ["action_id", "reason"]],
  ["SubmitVote: nothing", () => send(reviews.submitVote, {}), ["action_id", "digest", "version", "shown_digest", "decision"]],
  ["BreakGlass: nothing", () => send(reviews.breakGlass, {}), ["action_id", "digest", "version", "shown_digest", "reason"]],
  [
    "BreakGlass: hardly a reason",
    () => send(reviews.breakGlass, { actionId: ID, digest: DIGEST, version: 3n, shownDigest: DIGEST, reason: "fire" }),
    ["reason"],
  ],
  ["AddComment: nothing", () => send(reviews.addComment, {}), ["action_id", "kind", "text", "idempotency_key"]],
  [
    "AddComment: a long question that answers",
    () => send(reviews.addComment, { actionId: ID, kind: 2, text: "x".repeat(4097), question: 1, idempotencyKey: "k".repeat(129) }),
    ["text", "question", "idempotency_key"],
  ],
  [
    "AddComment: a key that the log cannot hold",
    () => send(reviews.addComment, { actionId: ID, kind: 1, text: "why?", idempotencyKey: "k\0" }),
    ["idempotency_key"],
  ],
  [
    "AddComment: an answer to nothing, of blanks",
    () => send(reviews.addComment, { actionId: ID, kind: 3, text: " \n", idempotencyKey: "k" }),
    ["text", "question"],
  ],
  ["ClaimReview: nothing", () => send(reviews.claimReview, {}), ["action_id"]],
  ["ReleaseReview: no id", () => send(reviews.releaseReview, { actionId: "x" }), ["action_id"]],
  [
    "ListReviews: claims of the past",
    () => send(reviews.listReviews, { claim: 2, at: { moment: { case: "position", value: 1n } } }),
    ["claim"],
  ],
  ["CloseAfterReview: nothing", () => send(reviews.closeAfterReview, {}), ["action_id", "finding", "reason"]],
  [
    "SubmitVote: a rejection without a reason",
    () =>
      send(reviews.submitVote, {
        actionId: ID,
        digest: DIGEST,
        version: 3n,
        shownDigest: DIGEST,
        decision: { case: "reject", value: {} },
      }),
    ["reject.reason"],
  ],
  [
    "SubmitVote: an edit of nothing",
    () =>
      send(reviews.submitVote, { actionId: ID, digest: DIGEST, version: 3n, shownDigest: DIGEST, decision: { case: "edit", value: {} } }),
    ["edit.reason", "edit.properties"],
  ],
  [
    "SubmitVote: an edit with bad JSON",
    () =>
      send(reviews.submitVote, {
        actionId: ID,
        digest: DIGEST,
        version: 3n,
        shownDigest: DIGEST,
        decision: { case: "edit", value: { reason: "less", properties: { n: Number.NaN } } },
      }),
    ["edit.properties.n"],
  ],
  [
    "SubmitVote: an edit of both kinds",
    () => {
      const value = { reason: "less", properties: {}, patch: [{ op: "remove", path: "" }] };
      return send(reviews.submitVote, {
        actionId: ID,
        digest: DIGEST,
        version: 3n,
        shownDigest: DIGEST,
        decision: { case: "edit", value },
      });
    },
    ["edit.properties", "edit.patch[0].path"],
  ],
  ["AcceptEdit: nothing", () => send(actions.acceptEdit, {}), ["action_id", "digest"]],
  ["PublishPolicy: nothing", () => send(policies.publishPolicy, {}), ["document"]],
  ["PublishPolicy: too long", () => send(policies.publishPolicy, { document: "x".repeat(262_145) }), ["document"]],
  ["ActivatePolicy: nothing", () => send(policies.activatePolicy, {}), ["revision"]],
  ["ActivatePolicy: beyond 2^53", () => send(policies.activatePolicy, { revision: 1n << 60n }), ["revision"]],
  [
    "TestPolicy: another tenant's requester, with nobody for its owner and on its chain",
    () => {
      const who = { tenant: "globex", type: PrincipalType.AGENT, issuer: "i", id: "x" };
      const requester = { ...who, owner: { issuer: "i" }, chain: [{ issuer: "i", id: "y" }, {}] };
      return send(policies.testPolicy, { document: "rules: []", input: good, requester });
    },
    ["requester.tenant", "requester.chain[1].issuer", "requester.chain[1].id", "requester.owner.id"],
  ],
  ["TestPolicy: nobody", () => send(policies.testPolicy, { document: "rules: []", input: good }), ["requester"]],
  ["BacktestPolicy: nothing", () => send(policies.backtestPolicy, {}), ["document"]],
  [
    "BacktestPolicy: a period that ends before it begins",
    () => send(policies.backtestPolicy, { document: "rules: []", from: timestampFromMs(2000), to: timestampFromMs(1000) }),
    ["to"],
  ],
  ["ReplayDeadLetters: nothing", () => send(audits.replayDeadLetters, {}), ["consumer"]],
  ["RetryDeliveries: nothing", () => send(NotifierService.method.retryDeliveries, {}), ["channel"]],
];
