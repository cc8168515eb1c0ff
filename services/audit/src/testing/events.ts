import type { MessageInitShape } from "@bufbuild/protobuf";
import { type Timestamp, timestampFromMs } from "@bufbuild/protobuf/wkt";
import { contentDigest } from "@countersign/digest";
import { event } from "@countersign/evidence/testing";
import type { AppendRequest, EventAppender, NewEvent, RecordedEvent } from "@countersign/event-log";
import { LapseCause } from "@countersign/proto/event/v1/action_events_pb";
import { ExecutionOutcome, type StageSchema, VoteDecision, type VerdictOutcome } from "@countersign/proto/v1/action_pb";
import { PrincipalType, type PrincipalSchema } from "@countersign/proto/v1/principal_pb";
import { signedVote } from "./signed-votes.ts";

export { event } from "@countersign/evidence/testing";

export const START = Date.UTC(2026, 0, 1);

export const person = (id: string) => ({
  issuer: "https://idp.test",
  id,
  type: PrincipalType.HUMAN,
  groups: ["dba"],
  roles: ["reviewer"],
  tenant: "acme",
});
export const reference = (id: string) => ({ issuer: "https://idp.test", id });
export const agent = (id: string, owner?: string) => ({
  issuer: "https://idp.test",
  id,
  type: PrincipalType.AGENT,
  ...(owner === undefined ? {} : { owner: reference(owner) }),
});

/** `count` of the members of these groups. */
export function stage(groups: readonly string[], count = 1, name = ""): MessageInitShape<typeof StageSchema> {
  const of = groups.map((group) => ({ who: { case: "group" as const, value: group } }));
  return {
    name,
    quorum: { rule: { case: "atLeast", value: { count, of } } },
    quorumText: `${count} of ${groups.join(", ")}`,
    seconds: 3600,
  };
}

const salt = new Uint8Array(32).fill(7);
const body = Buffer.from("said");
/** What the events below name; `record` keeps it with them. */
const WORDS = { digest: contentDigest(salt, body), salt, body };
const { digest } = WORDS;
const deadline = timestampFromMs(START + 3_600_000);

/** One of every event that an action's stream can hold, as plausible data. */
export const EVENTS = {
  requested: (requester: MessageInitShape<typeof PrincipalSchema> = agent("exporter", "olga"), actionName = "db.export"): NewEvent =>
    event("ActionRequested", {
      requester,
      subjectType: "agent",
      subjectId: "exporter",
      actionName,
      resourceType: "db",
      resourceId: "crm",
      input: { digest },
      deadline,
    }),
  verdict: (outcome: VerdictOutcome): NewEvent =>
    event("VerdictReached", { verdict: { outcome, revision: 3n, rule: "exports", reasons: ["personal data"] }, digest }),
  opened: (stages = [stage(["dba"], 2, "owners")], closes = deadline): NewEvent => event("ReviewOpened", { stages, deadline: closes }),
  stageOpened: (index: number): NewEvent => event("StageOpened", { stage: index, deadline }),
  voted: (reviewer: string, decision: VoteDecision = VoteDecision.APPROVE, index = 0): NewEvent =>
    event("VoteCast", { reviewer: person(reviewer), decision, digest, stage: index }),
  claimed: (reviewer: string, expireTime: Timestamp): NewEvent => event("ReviewClaimed", { reviewer: person(reviewer), expireTime }),
  released: (reviewer: string): NewEvent => event("ClaimReleased", { reviewer: reference(reviewer) }),
  lapsed: (reviewer: string): NewEvent => event("VoteLapsed", { reviewer: reference(reviewer), digest, cause: LapseCause.EDITED }),
  edited: (editor: string): NewEvent =>
    event("ActionEdited", { editor: person(editor), previousDigest: digest, input: { digest }, reason: { digest } }),
  approved: (): NewEvent => event("ActionApproved", { digest }),
  rejected: (): NewEvent => event("ActionRejected", { digest }),
  expired: (): NewEvent => event("ActionExpired", {}),
  cancelled: (): NewEvent => event("ActionCancelled", {}),
  granted: (): NewEvent =>
    event("GrantIssued", {
      grantId: "g",
      principal: reference("exporter"),
      digest,
      issueTime: deadline,
      expireTime: deadline,
      keyId: "k1",
    }),
  redeemed: (): NewEvent => event("GrantRedeemed", { grantId: "g", principal: reference("exporter"), reportDeadline: deadline }),
  grantExpired: (): NewEvent => event("GrantExpired", { grantId: "g" }),
  revoked: (): NewEvent => event("GrantRevoked", { grantId: "g" }),
  reported: (outcome: ExecutionOutcome = ExecutionOutcome.SUCCEEDED): NewEvent => event("ExecutionReported", { outcome }),
  unreported: (): NewEvent => event("ExecutionUnreported", {}),
} as const;

/** Appends to an action's stream, whatever its version, with votes signed; the time is a second per event of the log's. */
export async function record(
  log: EventAppender,
  stream: { readonly tenant: string; readonly id: string; readonly version: number },
  events: readonly NewEvent[],
  extra: Partial<Pick<AppendRequest, "contents" | "actor" | "time">> = {},
): Promise<readonly RecordedEvent[]> {
  const { tenant, id, version } = stream;
  const time = extra.time ?? new Date(START + version * 1000);
  const outcome = await log.append({
    stream: { tenant, type: "action", id },
    expectedVersion: version,
    ...extra,
    events: events.map((each) => signedVote(stream, time, each)),
    time,
    contents: [WORDS, ...(extra.contents ?? [])],
  });
  if (outcome.outcome !== "appended") throw new Error(`not appended: ${outcome.outcome}`);
  return outcome.events;
}
