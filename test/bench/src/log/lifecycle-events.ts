import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { actionDigest, canonicalJson, contentDigest, type JsonObject } from "@countersign/digest";
import type { Content, NewEvent } from "@countersign/event-log";
import { encodeEvent, type DecodedEvent } from "@countersign/events";
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
import {
  ExecutionOutcome,
  ReviewMode,
  type StageSchema,
  TimeoutAction,
  VerdictOutcome,
  VoteDecision,
} from "@countersign/proto/v1/action_pb";
import { PrincipalType } from "@countersign/proto/v1/principal_pb";

/** Of every verdict. */
export const POLICY_REVISION = 1n;
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

/** The events of an action that policy allowed and that went well, as large as real ones, with an input that was judged. */
export function automaticLife(tenant: string, id: string, start: number): readonly LifeEvent[] {
  const { content, digest, requested, grantEvents } = actionOf(tenant, id, start);
  const verdict = {
    outcome: VerdictOutcome.ALLOW,
    revision: POLICY_REVISION,
    rule: "small exports",
    reasons: ["ten thousand rows at most"],
  };
  return timed(start, [
    by("crm-agent", requested, [content]),
    by("crm-agent", { type: "VerdictReached", data: create(VerdictReachedSchema, { verdict: { ...verdict, ...BINDING }, digest }) }),
    ...grantEvents,
  ]);
}

/** The same with a review between the two, and a vote that was signed. */
export function reviewedLife(tenant: string, id: string, start: number): readonly LifeEvent[] {
  const { content, digest, deadline, requested, grantEvents } = actionOf(tenant, id, start);
  const verdict = {
    outcome: VerdictOutcome.REVIEW,
    revision: POLICY_REVISION,
    rule: "exports",
    reasons: ["personal data leaves the company"],
  };
  const opened = create(ReviewOpenedSchema, { stages: [STAGE], deadline, nextTime: deadline });
  return timed(start, [
    by("crm-agent", requested, [content]),
    by("crm-agent", { type: "VerdictReached", data: create(VerdictReachedSchema, { verdict: { ...verdict, ...BINDING }, digest }) }),
    by("crm-agent", { type: "ReviewOpened", data: opened }),
    by("data-owner", { type: "VoteCast", data: voteOf(tenant, id, digest, timeOf(start, 3)) }),
    ...grantEvents,
  ]);
}

/** What lives have in common. */
function actionOf(tenant: string, id: string, start: number) {
  const agent = { issuer, id: "crm-agent", type: PrincipalType.AGENT, tenant, owner: { issuer, id: "olga" }, roles: ["requester"] };
  const input: { subject: { type: string; id: string }; action: Named; resource: { type: string; id: string }; context: JsonObject } = {
    subject: { type: "agent", id: "crm-agent" },
    action: { name: "db.export", properties: { table: "customers", limit: 10_000, columns: ["name", "email"] } },
    resource: { type: "database", id: "crm" },
    context: { environment: "production", justification: `quarterly report ${id}` },
  };
  const content = salted(id, canonicalJson(input));
  const digest = actionDigest(content.salt, { tenant, ...input }, BINDING.bindingContext);
  const deadline = timestampFromMs(start + HOUR);
  const grant = { grantId: id, principal: { issuer, id: "crm-agent" } };
  const data = create(ActionRequestedSchema, {
    requester: agent,
    subjectType: "agent",
    subjectId: "crm-agent",
    actionName: "db.export",
    resourceType: "database",
    resourceId: "crm",
    input: { digest: content.digest },
    deadline,
  });
  const issued = { ...grant, digest, issueTime: deadline, expireTime: deadline, keyId };
  const grantEvents = [
    by("crm-agent", { type: "ActionApproved", data: create(ActionApprovedSchema, { digest }) }),
    by("crm-agent", { type: "GrantIssued", data: create(GrantIssuedSchema, issued) }),
    by("crm-agent", { type: "GrantRedeemed", data: create(GrantRedeemedSchema, { ...grant, reportDeadline: deadline }) }),
    by("crm-agent", { type: "ExecutionReported", data: create(ExecutionReportedSchema, { outcome: ExecutionOutcome.SUCCEEDED }) }),
  ];
  return { content, digest, deadline, requested: { type: "ActionRequested", data } as const, grantEvents };
}

const STAGE: MessageInitShape<typeof StageSchema> = {
  name: "owners",
  quorum: { rule: { case: "atLeast", value: { count: 1, of: [{ who: { case: "group", value: "data-owners" } }] } } },
  quorumText: "1 of the group data-owners",
  seconds: 3600,
  onTimeout: TimeoutAction.DENY,
  mode: ReviewMode.FOUR_EYES,
};
const BINDING = { bindingContext: ["environment"] };

type Untimed = Omit<LifeEvent, "time">;

const by = (actor: string, event: DecodedEvent, contents: readonly Content[] = []): Untimed => ({
  event: encodeEvent(event),
  contents,
  actor,
});
const timeOf = (start: number, version: number): Date => new Date(start + version * 10);
const timed = (start: number, events: readonly Untimed[]): readonly LifeEvent[] =>
  events.map((event, version) => ({ ...event, time: timeOf(start, version) }));

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
    standing: { person: `${issuer}#data-owner`, principals: [reviewer], groups: ["data-owners"] },
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
