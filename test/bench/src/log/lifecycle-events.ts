import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { encodeEvent } from "@countersign/events";
import type { NewEvent } from "@countersign/event-log";
import {
  ActionApprovedSchema,
  ActionRequestedSchema,
  ExecutionReportedSchema,
  GrantIssuedSchema,
  GrantRedeemedSchema,
  ReviewOpenedSchema,
  VerdictReachedSchema,
  VoteCastSchema,
} from "@countersign/proto/event/v1/action_events_pb";
import { ExecutionOutcome, VerdictOutcome, VoteDecision } from "@countersign/proto/v1/action_pb";
import { PrincipalType } from "@countersign/proto/v1/principal_pb";

const digest = new Uint8Array(32).fill(7);
const deadline = timestampFromMs(Date.UTC(2026, 0, 2));
const issuer = "https://idp.example";
const agent = { issuer, id: "crm-agent", type: PrincipalType.AGENT, tenant: "acme", owner: { issuer, id: "olga" }, roles: ["requester"] };
const human = { issuer, id: "data-owner", type: PrincipalType.HUMAN, tenant: "acme", groups: ["data-owners"], roles: ["reviewer"] };

/** The eight events of a reviewed action that went well, as large as real ones. */
export const LIFECYCLE: readonly NewEvent[] = [
  {
    type: "ActionRequested",
    data: create(ActionRequestedSchema, {
      requester: agent,
      subjectType: "agent",
      subjectId: "crm-agent",
      actionName: "db.export",
      resourceType: "database",
      resourceId: "crm",
      input: { digest },
      deadline,
    }),
  } as const,
  {
    type: "VerdictReached",
    data: create(VerdictReachedSchema, {
      verdict: { outcome: VerdictOutcome.REVIEW, revision: 3n, rule: "exports", reasons: ["personal data leaves the company"] },
      digest,
    }),
  } as const,
  { type: "ReviewOpened", data: create(ReviewOpenedSchema, { stages: [{ name: "owners" }], deadline }) } as const,
  {
    type: "VoteCast",
    data: create(VoteCastSchema, {
      reviewer: human,
      decision: VoteDecision.APPROVE,
      digest,
      keyId: "k1",
      signature: new Uint8Array(64).fill(9),
    }),
  } as const,
  { type: "ActionApproved", data: create(ActionApprovedSchema, { digest }) } as const,
  {
    type: "GrantIssued",
    data: create(GrantIssuedSchema, {
      grantId: "018f0000-0000-7000-8000-000000000001",
      principal: { issuer, id: "crm-agent" },
      digest,
      issueTime: deadline,
      expireTime: deadline,
      keyId: "k1",
    }),
  } as const,
  {
    type: "GrantRedeemed",
    data: create(GrantRedeemedSchema, {
      grantId: "018f0000-0000-7000-8000-000000000001",
      principal: { issuer, id: "crm-agent" },
      reportDeadline: deadline,
    }),
  } as const,
  { type: "ExecutionReported", data: create(ExecutionReportedSchema, { outcome: ExecutionOutcome.SUCCEEDED }) } as const,
].map((event) => encodeEvent(event));
