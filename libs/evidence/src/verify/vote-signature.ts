import { verify, type KeyObject } from "node:crypto";
import { canonicalJson } from "@countersign/digest";
import type { Entry } from "@countersign/event-log";
import type { BreakGlassUsed, VoteCast } from "@countersign/proto/event/v1/action_events_pb";
import { VoteDecision } from "@countersign/proto/v1/action_pb";

/** What a vote's signature covers, as proto/countersign/event/v1/action_events.proto defines it; undefined for a vote that says neither yes nor no. */
function voteText(entry: Entry, vote: VoteCast | BreakGlassUsed): string | undefined {
  const decision = "decision" in vote ? DECISIONS.get(vote.decision) : "break_glass";
  if (decision === undefined) return undefined;
  const ballot = {
    tenant: entry.stream.tenant,
    action_id: entry.stream.id,
    digest: Buffer.from(vote.digest).toString("hex"),
    shown_digest: Buffer.from(vote.shownDigest).toString("hex"),
    reviewer: { issuer: vote.reviewer?.issuer ?? "", id: vote.reviewer?.id ?? "" },
    decision,
    stage: vote.stage,
    time: entry.time.toISOString(),
  };
  return `countersign-vote/v1\n${canonicalJson(ballot)}`;
}

export function verifyVote(entry: Entry, vote: VoteCast | BreakGlassUsed, key: KeyObject): boolean {
  const text = voteText(entry, vote);
  return text !== undefined && vote.signature.length === 64 && verify(null, Buffer.from(text), key, vote.signature);
}

const DECISIONS: ReadonlyMap<VoteDecision, string> = new Map([
  [VoteDecision.APPROVE, "approve"],
  [VoteDecision.REJECT, "reject"],
]);
