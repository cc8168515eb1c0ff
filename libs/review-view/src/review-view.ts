import {
  aboutRequest,
  claimsOf,
  commentsOf,
  editorOf,
  type Fact,
  parametersOf,
  type ShownComments,
  titleOf,
  voteFacts,
} from "./review-parts.ts";
import type { ReviewSource, ReviewStatus } from "./review-source.ts";
import { shownDigest } from "./shown-digest.ts";
import type { ShownMember, ShownMembers } from "./shown-members.ts";
import { showText, type ShownText, type TextHash, type TextLimit } from "./shown-text.ts";

/** A review, ready for any channel: every text in it is harmless on one line, nothing is missing without a word about it. */
export type ReviewView = {
  readonly actionId: string;
  readonly tenant: string;
  readonly title: ShownText;
  readonly status: ReviewStatus;
  /** Whoever read or approved what it was before must see that it is something else now, and whose doing that is. */
  readonly editor: ShownText | undefined;
  /** The content was erased: there is nothing to show, and nothing to decide on. */
  readonly erased: boolean;
  /** What Countersign itself verified or recorded: who asked, which rule, who may decide, who already did. */
  readonly facts: readonly Fact[];
  /** Facts that found no room. */
  readonly moreFacts: number;
  /** What will run, all of it covered by the digest. */
  readonly parameters: ShownMembers;
  /** Every parameter stands there, and none of it is cut: in a message nobody approves on less. */
  readonly whole: boolean;
  /** What the requester says beside it. Nobody checked it, and the digest does not cover it. */
  readonly claims: ShownMembers;
  /** What reviewers and the requester's side wrote to each other. Nobody checked it, no digest covers it, and it decides nothing. */
  readonly comments: ShownComments;
  /** Somebody has said to be looking at it; the facts say who and until when. */
  readonly claimed: boolean;
  /** What a vote has to name. */
  readonly digest: string;
  readonly version: number;
  readonly shownDigest: string;
  /** RFC 3339, UTC. */
  readonly deadline: string | undefined;
  /** Somebody approved alone, and nobody has said yet whether that was right. */
  readonly afterReviewOpen: boolean;
  /** People were asked; else policy alone decided. */
  readonly reviewed: boolean;
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
  /**
   * How many comments, and how much of each; default `USUAL_COMMENTS`. A budget of their own: whoever writes many and long ones must not drive
   * out what will run.
   */
  readonly comments?: { readonly most: number; readonly characters: number };
};

/** Enough to see what is open. */
const USUAL_COMMENTS = { most: 5, characters: 300 };

/** Enough for a screen; a channel with less room asks for less. */
export const USUAL_LIMITS: RenderLimits = { characters: 600, members: 100 };

/** Renders what a reviewer must see. Deterministic: the same action and limits give the same view. */
export function renderReview(source: ReviewSource, sha256: TextHash, limits: RenderLimits = USUAL_LIMITS): ReviewView {
  const limit: TextLimit = { characters: limits.characters, sha256 };
  const { comments = USUAL_COMMENTS } = limits;
  const all = [...aboutRequest(source, limit), ...voteFacts(source, limit)];
  const parameters = parametersOf(source, limit, limits.members);
  return {
    actionId: source.id,
    tenant: source.tenant,
    title: titleOf(source, limit),
    status: source.status,
    editor: editorOf(source, limit),
    erased: source.input === undefined,
    facts: all.slice(0, limits.members),
    moreFacts: Math.max(0, all.length - limits.members),
    parameters,
    whole: parameters.more === 0 && !parameters.members.some(isCut),
    claims: claimsOf(source, limit, limits.members),
    claimed: source.review?.claim !== undefined,
    comments: commentsOf(source, { sha256, characters: Math.min(limits.characters, comments.characters) }, comments.most),
    digest: source.digest,
    shownDigest: shownDigest(source, sha256),
    version: source.version,
    deadline: source.review?.deadline?.toISOString(),
    afterReviewOpen: source.afterReview !== undefined && source.afterReview.closed === undefined,
    reviewed: source.review !== undefined,
    decide: decide(source, limit),
  };
}

function isCut({ path, value }: ShownMember): boolean {
  return path.cut !== undefined || value.cut !== undefined;
}

function decide(source: ReviewSource, limit: TextLimit): Decide | undefined {
  const stage = source.review?.stages[source.review.openStage];
  if (source.status !== "in review" || source.input === undefined || stage === undefined) return undefined;
  const counting = (source.review?.votes ?? []).filter(
    (vote) => !vote.lapsed && vote.decision === "approve" && vote.stage === source.review?.openStage,
  );
  return { quorum: showText(stage.quorum, limit), approvals: counting.length };
}
