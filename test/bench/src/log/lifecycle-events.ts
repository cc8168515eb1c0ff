import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { create } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { actionDigest, canonicalJson, contentDigest, type JsonObject } from "@countersign/digest";
import type { Content, NewEvent } from "@countersign/event-log";
import { encodeEvent } from "@countersign/events";
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

const issuer = "https://idp.example";
const HOUR = 3_600_000;
const { privateKey, publicKey } = generateKeyPairSync("ed25519");
const x = publicKey.export({ format: "jwk" }).x ?? "";
const keyId = createHash("sha256")
  .update(JSON.stringify({ crv: "Ed25519", kty: "OKP", x }))
  .digest("base64url");

/** The key of the votes, as a JWK set. */
export const VOTE_KEYS = JSON.stringify({ keys: [{ kty: "OKP", crv: "Ed25519", x, kid: keyId, alg: "EdDSA", use: "sig" }] });

export type LifeEvent = { readonly event: NewEvent; readonly contents: readonly Content[]; readonly actor: string; readonly time: Date };

/** Events of a life. */
export const LIFE = 8;

/** The events of a reviewed action that went well, as large as real ones, with an input that was judged and a vote that was signed. */
export function lifeOf(tenant: string, id: string, start: number): readonly LifeEvent[] {
  const agent = { issuer, id: "crm-agent", type: PrincipalType.AGENT, tenant, owner: { issuer, id: "olga" }, roles: ["requester"] };
  const input: { subject: { type: string; id: string }; action: Named; resource: { type: string; id: string }; context: JsonObject } = {
    subject: { type: "agent", id: "crm-agent" },
    action: { name: "db.export", properties: { table: "customers", limit: 10_000, columns: ["name", "email"] } },
    resource: { type: "database", id: "crm" },
    context: { environment: "production", justification: `quarterly report ${id}` },
  };
  const content = salted(id, canonicalJson(input));
  const digest = actionDigest(content.salt, { tenant, ...input }, ["environment"]);
  const deadline = timestampFromMs(start + HOUR);
  const grant = { grantId: id, principal: { issuer, id: "crm-agent" } };
  const timeOf = (version: number): Date => new Date(start + version * 10);
  const requested = create(ActionRequestedSchema, {
    requester: agent,
    subjectType: "agent",
    subjectId: "crm-agent",
    actionName: "db.export",
    resourceType: "database",
    resourceId: "crm",
    input: { digest: content.digest },
    deadline,
  });
  const verdict = { outcome: VerdictOutcome.REVIEW, revision: 3n, rule: "exports", reasons: ["personal data leaves the company"] };
  const judged = create(VerdictReachedSchema, { verdict: { ...verdict, bindingContext: ["environment"] }, digest });
  const issued = { ...grant, digest, issueTime: deadline, expireTime: deadline, keyId };
  const events = [
    { type: "ActionRequested", data: requested } as const,
    { type: "VerdictReached", data: judged } as const,
    { type: "ReviewOpened", data: create(ReviewOpenedSchema, { stages: [{ name: "owners" }], deadline }) } as const,
    { type: "VoteCast", data: voteOf(tenant, id, digest, timeOf(3)) } as const,
    { type: "ActionApproved", data: create(ActionApprovedSchema, { digest }) } as const,
    { type: "GrantIssued", data: create(GrantIssuedSchema, issued) } as const,
    { type: "GrantRedeemed", data: create(GrantRedeemedSchema, { ...grant, reportDeadline: deadline }) } as const,
    { type: "ExecutionReported", data: create(ExecutionReportedSchema, { outcome: ExecutionOutcome.SUCCEEDED }) } as const,
  ];
  return events.map((event, version) => ({
    event: encodeEvent(event),
    contents: version === 0 ? [content] : [],
    actor: version === 3 ? "data-owner" : "crm-agent",
    time: timeOf(version),
  }));
}

type Named = { name: string; properties: JsonObject };

function voteOf(tenant: string, id: string, digest: Buffer, time: Date) {
  const reviewer = { issuer, id: "data-owner" };
  const hex = digest.toString("hex");
  const ballot = {
    tenant,
    action_id: id,
    digest: hex,
    shown_digest: hex,
    reviewer,
    decision: "approve",
    stage: 0,
    time: time.toISOString(),
  };
  return create(VoteCastSchema, {
    reviewer: { ...reviewer, type: PrincipalType.HUMAN, tenant, groups: ["data-owners"], roles: ["reviewer"] },
    decision: VoteDecision.APPROVE,
    digest,
    shownDigest: digest,
    keyId,
    signature: sign(null, Buffer.from(`countersign-vote/v1\n${canonicalJson(ballot)}`), privateKey),
  });
}

function salted(name: string, text: string): Content {
  const salt = createHash("sha256").update(`salt of ${name}`).digest();
  const body = Buffer.from(text);
  return { digest: contentDigest(salt, body), salt, body };
}
