import { createHash, createPrivateKey, createPublicKey, sign } from "node:crypto";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromMs } from "@bufbuild/protobuf/wkt";
import { actionDigest, canonicalJson, contentDigest, type JsonObject } from "@countersign/digest";
import type { Content, EventLog, NewEvent, RecordedEvent } from "@countersign/event-log";
import { createMemoryEventLog } from "@countersign/event-log/testing";
import { decodeEvent, encodeEvent, EVENT_SCHEMAS, type DecodedEvent, type EventType } from "@countersign/events";
import { ExecutionOutcome, VerdictOutcome, VoteDecision } from "@countersign/proto/v1/action_pb";
import { PrincipalType } from "@countersign/proto/v1/principal_pb";
import type { GrantKey } from "../grant-keys.ts";

export const START = Date.UTC(2026, 2, 1);
const ISSUER = "https://idp.test";
/** Between two actions of the sample. */
export const STEP = 60_000;

const voteKey = createPrivateKey({
  key: Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), Buffer.alloc(32, 42)]),
  format: "der",
  type: "pkcs8",
});
const x = createPublicKey(voteKey).export({ format: "jwk" }).x ?? "";
export const grantKey: GrantKey = {
  x,
  kid: createHash("sha256")
    .update(JSON.stringify({ crv: "Ed25519", kty: "OKP", x }))
    .digest("base64url"),
};

/** What the signature of a vote is over, signed with `grantKey`. */
export const signVote = (vote: JsonObject): Buffer => sign(null, Buffer.from(`countersign-vote/v1\n${canonicalJson(vote)}`), voteKey);

/** An event of some type with the payload given. */
export function event<Type extends EventType>(type: Type, data: MessageInitShape<(typeof EVENT_SCHEMAS)[Type]>): NewEvent {
  return encodeEvent({ type, data: create<(typeof EVENT_SCHEMAS)[EventType]>(EVENT_SCHEMAS[type], data) } as DecodedEvent);
}

const salted = (salt: Uint8Array, body: Uint8Array): Content => ({ digest: contentDigest(salt, body), salt, body });
const saltOf = (name: string): Buffer => createHash("sha256").update(`salt of ${name}`).digest();
const ref = (content: Content): { digest: Uint8Array } => ({ digest: content.digest });

export type SampleOptions = {
  /** Actions of each tenant, one of each per minute. */
  readonly actions: number;
  /** Every so many actions one goes through a review. */
  readonly reviewEvery?: number;
  readonly hostile?: string;
  /** How long a review is open; votes are cast after five seconds. */
  readonly reviewMs?: number;
};

/** Two tenants whose actions lie between each other's: `acme`, which is exported, and `globex`, which must not be seen. */
export async function sampleLog(options: SampleOptions): Promise<EventLog> {
  const log = createMemoryEventLog({ ledger: "main" });
  await playSample(log, options);
  return log;
}

/** The same, in a log that there is already. */
export async function playSample(
  log: EventLog,
  { actions, reviewEvery = 2, hostile = "", reviewMs = 300_000 }: SampleOptions,
): Promise<void> {
  for (const tenant of ["acme", "globex"]) await publish(log, tenant, 1, START - STEP);
  for (let number = 0; number < actions; number += 1) {
    const at = START + number * STEP;
    await act(log, { tenant: "acme", id: `a-${number}`, at, reviewed: number % reviewEvery === 0, note: hostile, reviewMs });
    if (number % 3 !== 1) await act(log, { tenant: "globex", id: `g-${number}`, at, reviewed: false, note: "secret of globex", reviewMs });
  }
}

export async function publish(log: EventLog, tenant: string, revision: number, at: number): Promise<void> {
  const document = salted(saltOf(`${tenant} policy ${revision}`), Buffer.from(`rules: [] # ${tenant} ${revision}\n`));
  await append(
    log,
    { tenant, type: "policy", id: "default" },
    2 * (revision - 1),
    at,
    [
      event("PolicyPublished", {
        revision: BigInt(revision),
        documentDigest: createHash("sha256").update(document.body).digest(),
        document: ref(document),
      }),
      event("PolicyActivated", { revision: BigInt(revision) }),
    ],
    [document],
  );
}

/** A comment, and streams of other kinds, at the end of what was played: people, and what was refused; `action` is one of those that went through a review. */
export async function playOtherStreams(log: EventLog, at: number, action: string): Promise<void> {
  const tenant = "acme";
  const profile = salted(saltOf("profile"), Buffer.from('{"userName":"olga"}'));
  const people = event("PersonProvisioned", { personId: "olga", profile: ref(profile), active: true });
  await append(
    log,
    { tenant, type: "directory", id: tenant },
    0,
    at,
    [people, event("PersonDeactivated", { personId: "olga" })],
    [profile],
  );
  const said = salted(saltOf("comment"), Buffer.from("is this the whole table?"));
  const reviewer = { issuer: ISSUER, id: "exporter" };
  const comment = event("CommentAdded", { number: 1, author: { ...reviewer, tenant }, text: ref(said) });
  await append(log, { tenant, type: "action", id: action }, 8, at, [comment], [said]);
  const refused = event("VoteRefused", { actionId: action, reviewer, reason: "SELF_APPROVAL" });
  await append(log, { tenant, type: "refusal", id: `${action} ${reviewer.id}` }, 0, at, [refused, refused]);
  const report = event("ReportRefused", {
    actionId: action,
    reporter: reviewer,
    recordedOutputDigest: saltOf("a"),
    refusedOutputDigest: saltOf("b"),
  });
  await append(log, { tenant, type: "refusal", id: `${action} report` }, 0, at, [report]);
}

type Act = {
  readonly tenant: string;
  readonly id: string;
  readonly at: number;
  readonly reviewed: boolean;
  readonly note: string;
  readonly reviewMs: number;
};

async function act(log: EventLog, { tenant, id, at, reviewed, note, reviewMs }: Act): Promise<void> {
  const issuer = ISSUER;
  const input: {
    subject: { type: string; id: string };
    action: { name: string; properties: JsonObject };
    resource: { type: string; id: string };
    context: JsonObject;
  } = {
    subject: { type: "agent", id: "exporter" },
    action: { name: "db.export", properties: { table: `customers ${id}`, limit: 1e21, ratio: 0.1, note } },
    resource: { type: "db", id: "crm" },
    context: { environment: "production", justification: note },
  };
  const content = salted(saltOf(id), Buffer.from(canonicalJson(input)));
  const digest = actionDigest(content.salt, { tenant, ...input }, ["environment"]);
  const said = salted(saltOf(`${id} said`), Buffer.from(`looks right ${note}`));
  const stream = { tenant, type: "action", id };
  const stages = [{ name: "owners" }];
  const requester = { tenant, type: PrincipalType.AGENT, issuer, id: "exporter", groups: [], roles: ["requester"] };
  const requested = event("ActionRequested", {
    requester,
    subjectType: "agent",
    subjectId: "exporter",
    actionName: "db.export",
    resourceType: "db",
    resourceId: "crm",
    input: ref(content),
    deadline: timestampFromMs(at + 60_000),
  });
  const outcome = reviewed ? VerdictOutcome.REVIEW : VerdictOutcome.ALLOW;
  const verdict = event("VerdictReached", {
    verdict: {
      outcome,
      revision: 1n,
      rule: "exports",
      reasons: ["personal data"],
      stages: reviewed ? stages : [],
      bindingContext: ["environment"],
    },
    digest,
  });
  const approved = [event("ActionApproved", { digest }), grantOf(id, at, digest)];
  if (reviewed) {
    const opened = event("ReviewOpened", { stages, deadline: timestampFromMs(at + reviewMs) });
    await append(log, stream, 0, at, [requested, verdict, opened], [content]);
    const cast = voteOf({ tenant, id, at: at + 5000 }, digest, said);
    await append(log, stream, 3, at + 5000, [cast, ...approved], [said]);
  } else await append(log, stream, 0, at, [requested, verdict, ...approved], [content]);
  const redeemed = event("GrantRedeemed", {
    grantId: `grant ${id}`,
    principal: { issuer, id: "exporter" },
    reportDeadline: timestampFromMs(at + 900_000),
  });
  const reported = event("ExecutionReported", { outcome: ExecutionOutcome.SUCCEEDED, outputDigest: digest });
  await append(log, stream, reviewed ? 6 : 4, at + 10_000, [redeemed, reported]);
}

function grantOf(id: string, at: number, digest: Uint8Array): NewEvent {
  return event("GrantIssued", {
    grantId: `grant ${id}`,
    principal: { issuer: ISSUER, id: "exporter" },
    digest,
    issueTime: timestampFromMs(at),
    expireTime: timestampFromMs(at + 600_000),
    keyId: grantKey.kid,
    tokenDigest: createHash("sha256").update(`token ${id}`).digest(),
  });
}

type Cast = { readonly tenant: string; readonly id: string; readonly at: number };

function voteOf(cast: Cast, digest: Uint8Array, said: Content): NewEvent {
  return event("VoteCast", { ...ballotOf(cast, digest, "approve"), decision: VoteDecision.APPROVE, reason: ref(said) });
}

/** What votes of both kinds hold, signed. */
function ballotOf({ tenant, id, at }: Cast, digest: Uint8Array, decision: "approve" | "break_glass") {
  const reviewer = { issuer: ISSUER, id: "olga" };
  const shownDigest = createHash("sha256").update(`what was shown of ${id}`).digest();
  const what = { digest: Buffer.from(digest).toString("hex"), shown_digest: shownDigest.toString("hex") };
  const vote = { tenant, action_id: id, ...what, reviewer, decision, stage: 0 };
  return {
    reviewer: { ...reviewer, tenant, type: PrincipalType.HUMAN, groups: ["dba"], roles: ["reviewer"] },
    digest,
    shownDigest,
    keyId: grantKey.kid,
    signature: signVote({ ...vote, time: new Date(at).toISOString() }),
  };
}

/**
 * More of an action of `acme` that went through a review, at a time of one's choice: asked for again, broken into, its grant redeemed. `forged`: the digest
 * that it was asked for with, and the action that was signed for, if not its own.
 */
export async function playAgain(
  log: EventLog,
  id: string,
  at: number,
  forged: { digest?: Uint8Array; signed?: string } = {},
): Promise<void> {
  const stream = { tenant: "acme", type: "action", id };
  const events = await log.readStream(stream);
  const verdict = events.map((recorded) => decodeEvent(recorded)).find(({ type }) => type === "VerdictReached");
  if (verdict?.type !== "VerdictReached") throw new Error(`${id} has no verdict`);
  const { digest } = verdict.data;
  const joined = event("ReviewJoined", { number: 2, digest: forged.digest ?? digest });
  const glass = event("BreakGlassUsed", ballotOf({ tenant: "acme", id: forged.signed ?? id, at }, digest, "break_glass"));
  const redeemed = event("GrantRedeemed", { grantId: `grant ${id}`, principal: { issuer: ISSUER, id: "exporter" } });
  await append(log, stream, events.length, at, [joined, glass, redeemed]);
}

async function append(
  log: EventLog,
  stream: RecordedEvent["stream"],
  expectedVersion: number,
  at: number,
  events: readonly NewEvent[],
  contents: readonly Content[] = [],
): Promise<void> {
  const actor = { issuer: "https://idp.test", id: "=cmd|exporter" };
  const { outcome } = await log.append({ stream, expectedVersion, events, contents, actor, time: new Date(at) });
  if (outcome !== "appended") throw new Error(`an append of the sample ended as ${outcome}`);
}
