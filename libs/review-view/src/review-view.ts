import { holdsSecret, withheldText } from "./redaction.ts";
import type { PrincipalName, ReviewInput, ReviewSource, ReviewStatus, ReviewVote } from "./review-source.ts";
import { showMembers, type ShownMembers } from "./shown-members.ts";
import { showText, type ShownText, type TextHash, type TextLimit } from "./shown-text.ts";

/** A labelled text. The label is ours, the text may be anybody's. */
export type Fact = { readonly label: string; readonly value: ShownText };

/** A review, ready for any channel: every text in it is harmless on one line, nothing is missing without a word about it. */
export type ReviewView = {
  readonly actionId: string;
  readonly tenant: string;
  readonly title: ShownText;
  readonly status: ReviewStatus;
  /** The content was erased: there is nothing to show, and nothing to decide on. */
  readonly erased: boolean;
  /** What Countersign itself verified or recorded: who asked, which rule, who may decide, who already did. */
  readonly facts: readonly Fact[];
  /** Facts that found no room. */
  readonly moreFacts: number;
  /** What will run, all of it covered by the digest. */
  readonly parameters: ShownMembers;
  /** What the requester says beside it. Nobody checked it, and the digest does not cover it. */
  readonly claims: ShownMembers;
  /** What a vote has to name. */
  readonly digest: string;
  readonly version: number;
  /** RFC 3339, UTC. */
  readonly deadline: string | undefined;
  /** Where to decide; absent when nothing is to be decided. */
  readonly decide: Decide | undefined;
};

/** What the open stage still needs. */
export type Decide = {
  /** The approvals it needs, in words: `2 of sre and 1 of security`. */
  readonly quorum: ShownText;
  /** How many it has. */
  readonly approvals: number;
};

/** How much of a review is shown. */
export type RenderLimits = {
  /** Characters of one text. */
  readonly characters: number;
  /** Members of one section. */
  readonly members: number;
};

/** Enough for a screen; a channel with less room asks for less. */
export const USUAL_LIMITS: RenderLimits = { characters: 600, members: 100 };

/** Renders what a reviewer must see. Deterministic: the same action and limits give the same view. */
export function renderReview(source: ReviewSource, sha256: TextHash, limits: RenderLimits = USUAL_LIMITS): ReviewView {
  const limit: TextLimit = { characters: limits.characters, sha256 };
  const input = source.input;
  const all = facts(source, limit);
  return {
    actionId: source.id,
    tenant: source.tenant,
    title: showUnlessSecret(
      input === undefined ? `action ${source.id}` : `${input.action.name} on ${input.resource.type} ${input.resource.id}`,
      limit,
    ),
    status: source.status,
    erased: input === undefined,
    facts: all.slice(0, limits.members),
    moreFacts: Math.max(0, all.length - limits.members),
    parameters: showMembers(input === undefined ? [] : coveredByDigest(input, source.bindingContext), limit, limits.members),
    claims: showMembers(input === undefined ? [] : notCovered(input, source.bindingContext), limit, limits.members),
    digest: source.digest,
    version: source.version,
    deadline: source.review?.deadline?.toISOString(),
    decide: decide(source, limit),
  };
}

function coveredByDigest(input: ReviewInput, bindingContext: readonly string[]) {
  const bound = Object.entries(input.context).filter(([name]) => bindingContext.includes(name));
  return [
    ["action", input.action.name] as const,
    ["parameters", input.action.properties] as const,
    ["resource", { type: input.resource.type, id: input.resource.id, ...nonEmpty("properties", input.resource.properties) }] as const,
    ["subject", { type: input.subject.type, id: input.subject.id, ...nonEmpty("properties", input.subject.properties) }] as const,
    ...(bound.length > 0 ? [["context", Object.fromEntries(bound)] as const] : []),
  ];
}

function notCovered(input: ReviewInput, bindingContext: readonly string[]) {
  return Object.entries(input.context).filter(([name]) => !bindingContext.includes(name));
}

function nonEmpty(name: string, properties: ReviewInput["context"]) {
  return Object.keys(properties).length > 0 ? { [name]: properties } : {};
}

function facts(source: ReviewSource, limit: TextLimit): Fact[] {
  const fact = (label: string, text: string): Fact => ({ label, value: showUnlessSecret(text, limit) });
  const { requester, verdict, review } = source;
  return [
    ...(requester === undefined ? [] : [fact("requested by", `${requester.type} ${nameOf(requester)}`)]),
    ...(requester?.chain ?? []).map((principal) => fact("acting for", nameOf(principal))),
    ...(requester?.owner === undefined ? [] : [fact("owner", nameOf(requester.owner))]),
    ...(verdict === undefined
      ? []
      : [fact("policy", `revision ${verdict.revision}, ${verdict.rule === "" ? "no rule" : `rule ${verdict.rule}`}`)]),
    ...(verdict?.reasons ?? []).map((reason) => fact("because", reason)),
    ...riskFacts(verdict?.risk ?? []).map((text) => fact("risk", text)),
    ...(review?.editor === undefined ? [] : [fact("edited by", nameOf(review.editor))]),
    ...(review?.votes ?? []).map((vote) => fact(voteLabel(vote), voteText(vote))),
  ];
}

/** The score, then what it is made of. */
function riskFacts(risk: readonly { readonly points: number; readonly reason: string }[]): string[] {
  if (risk.length === 0) return [];
  const score = risk.reduce((sum, { points }) => sum + points, 0);
  return [`score ${score}`, ...risk.map(({ points, reason }) => `+${points} ${reason}`)];
}

/** Names and reasons are not meant to hold secrets, but people and agents paste them there. */
function showUnlessSecret(text: string, limit: TextLimit): ShownText {
  return holdsSecret(text) ? { text: withheldText(text), notes: [] } : showText(text, limit);
}

function voteLabel(vote: ReviewVote): string {
  const word = vote.decision === "approve" ? "approved by" : "rejected by";
  return vote.lapsed ? `${word} (lapsed)` : word;
}

function voteText(vote: ReviewVote): string {
  const who = nameOf(vote.reviewer) + (vote.inPlaceOf === "" ? "" : ` in the place of ${vote.inPlaceOf}`);
  return vote.reason === "" ? who : `${who}: ${vote.reason}`;
}

function nameOf(principal: PrincipalName): string {
  return `${principal.id} (${principal.issuer})`;
}

function decide(source: ReviewSource, limit: TextLimit): Decide | undefined {
  const stage = source.review?.stages[source.review.openStage];
  if (source.status !== "in review" || source.input === undefined || stage === undefined) return undefined;
  const counting = (source.review?.votes ?? []).filter(
    (vote) => !vote.lapsed && vote.decision === "approve" && vote.stage === source.review?.openStage,
  );
  return { quorum: showText(stage.quorum, limit), approvals: counting.length };
}
