import { create } from "@bufbuild/protobuf";
import type { DecodedEvent } from "@countersign/events";
import * as events from "@countersign/proto/event/v1/action_events_pb";
import * as policies from "@countersign/proto/event/v1/policy_events_pb";
import { CommentKind, ExecutionOutcome, VerdictOutcome, VoteDecision } from "@countersign/proto/v1/action_pb";
import { PrincipalType } from "@countersign/proto/v1/principal_pb";
import { factOf } from "./fact-of.ts";
import type { Fact } from "./read-back.ts";

// Payloads as an action goes through its life, and the facts of a ledger that holds them: enough to be right, so that a test can leave one thing out.
export const DIGEST = new Uint8Array(32).fill(1);
export const OTHER = new Uint8Array(32).fill(2);
const DOCUMENT = new Uint8Array(32).fill(3);
export const TOKEN = new Uint8Array(32).fill(4);
const GRANTEE = { issuer: "i", id: "agent" };

export const activated = (revision: bigint, documentDigest = DOCUMENT): readonly DecodedEvent[] => [
  { type: "PolicyPublished", data: create(policies.PolicyPublishedSchema, { revision, documentDigest }) },
  { type: "PolicyActivated", data: create(policies.PolicyActivatedSchema, { revision }) },
];
/** In force from the first second on. */
export const POLICY = activated(1n);

export const requested = (resourceId = "r"): DecodedEvent => ({
  type: "ActionRequested",
  data: create(events.ActionRequestedSchema, {
    resourceId,
    requester: { id: "agent", type: PrincipalType.AGENT, owner: { id: "olga" }, chain: [{ id: "carl" }] },
  }),
});
export const verdict = (outcome: VerdictOutcome, { revision = 1n, document = DOCUMENT, glassOf = "" } = {}): DecodedEvent => ({
  type: "VerdictReached",
  data: create(events.VerdictReachedSchema, {
    verdict: {
      outcome,
      revision,
      terms: glassOf === "" ? {} : { breakGlass: { groups: [glassOf] } },
      stages: [{ quorum: { rule: { case: "atLeast", value: { count: 2, of: [{ who: { case: "group", value: "owners" } }] } } } }],
    },
    policyDigest: document,
    digest: DIGEST,
  }),
});
export const opened: DecodedEvent = { type: "ReviewOpened", data: create(events.ReviewOpenedSchema) };
export const vote = (
  id: string,
  digest = DIGEST,
  group = "owners",
  { type = PrincipalType.HUMAN, also = id, decision = VoteDecision.APPROVE }: Partial<Voter> = {},
): DecodedEvent => ({
  type: "VoteCast",
  data: create(events.VoteCastSchema, {
    reviewer: { id, type },
    standing: { person: id, groups: [group], principals: [{ id }, { id: also }] },
    decision,
    digest,
  }),
});
/** `also`: another account of the same human. */
type Voter = { readonly type: PrincipalType; readonly also: string; readonly decision: VoteDecision };
export const lapsed = (id: string): DecodedEvent => ({ type: "VoteLapsed", data: create(events.VoteLapsedSchema, { reviewer: { id } }) });
export const editedBy = (id: string, also = id): DecodedEvent => ({
  type: "ActionEdited",
  data: create(events.ActionEditedSchema, { editor: { id }, standing: { principals: [{ id: also }] } }),
});
export const glassBrokenBy = (id: string, group = "security"): DecodedEvent => ({
  type: "BreakGlassUsed",
  data: create(events.BreakGlassUsedSchema, { reviewer: { id, type: PrincipalType.HUMAN }, digest: DIGEST, standing: { groups: [group] } }),
});
export const asked = (number: number, id = "ann", type: PrincipalType = PrincipalType.HUMAN): DecodedEvent => ({
  type: "CommentAdded",
  data: create(events.CommentAddedSchema, { number, kind: CommentKind.QUESTION, author: { id, type }, standing: { person: id } }),
});
export const answered = (number: number, question: number, author = "agent"): DecodedEvent => ({
  type: "CommentAdded",
  data: create(events.CommentAddedSchema, { number, kind: CommentKind.ANSWER, author: { id: author }, question }),
});
export const claimedBy = (id: string, type: PrincipalType = PrincipalType.HUMAN): DecodedEvent => ({
  type: "ReviewClaimed",
  data: create(events.ReviewClaimedSchema, { reviewer: { id, type }, expireTime: { seconds: 1000n } }),
});
export const releasedBy = (id: string): DecodedEvent => ({
  type: "ClaimReleased",
  data: create(events.ClaimReleasedSchema, { reviewer: { id } }),
});
export const granted = (grantId = "g"): DecodedEvent => ({
  type: "GrantIssued",
  data: create(events.GrantIssuedSchema, {
    grantId,
    principal: GRANTEE,
    digest: DIGEST,
    expireTime: { seconds: 1000n },
    tokenDigest: TOKEN,
  }),
});
export const redeemed = (grantId = "g", principal = GRANTEE): DecodedEvent => ({
  type: "GrantRedeemed",
  data: create(events.GrantRedeemedSchema, { grantId, principal }),
});
export const revoked: DecodedEvent = { type: "GrantRevoked", data: create(events.GrantRevokedSchema) };
export const reported: DecodedEvent = {
  type: "ExecutionReported",
  data: create(events.ExecutionReportedSchema, { outcome: ExecutionOutcome.SUCCEEDED }),
};

/** The policy first, unless it is named. */
export function ledgerOf(streams: Readonly<Record<string, readonly DecodedEvent[]>>, seconds = 1): readonly Fact[] {
  const facts = Object.entries({ [POLICIES]: POLICY, ...streams }).flatMap(([id, payloads]) =>
    payloads.map((payload, index) => ({ id, payload, version: index + 1 })),
  );
  return facts.map(({ id, payload, version }, position) => factOf(payload, { position, id, version, seconds }));
}

export const POLICIES = "policies";
export const REVIEW = [requested(), verdict(VerdictOutcome.REVIEW), opened];
export const END = [granted(), redeemed(), reported];
export const VOTED = [vote("ann"), vote("bob"), ...END];
export const REVIEWED = [...REVIEW, ...VOTED];
export const ALLOWED = [requested(), verdict(VerdictOutcome.ALLOW), ...END];
