import {
  commentLine,
  COMMENTS_LABEL,
  editedLine,
  moment,
  needsLine,
  parametersLabel,
  textLine,
  USUAL_LIMITS,
  whyNothingToDecide,
  type RenderLimits,
  type ReviewView,
} from "@countersign/review-view";
import type { NotifiedEvent } from "../domain/notified-event.ts";

/** A part of a card: a label of ours and lines that may hold anybody's text, harmless on one line, each starting with words of ours. */
export type CardSection = {
  readonly kind: "facts" | "parameters" | "claims" | "comments" | "naming";
  readonly label: string;
  readonly lines: readonly string[];
};

/** `edited`: that somebody edited it, while that matters. `why`: why nobody is asked to decide. */
export type CardText = {
  readonly heading: string;
  readonly title: string;
  readonly edited: string | undefined;
  readonly why: string | undefined;
  readonly sections: readonly CardSection[];
};

/** Of the title within a subject. */
const SUBJECT_CHARACTERS = 120;

/** On one line by then: the view has no control characters. Cut where it is only a name for the message, which says all of it. */
export function subjectOf(title: string): string {
  const characters = Array.from(title);
  return characters.length <= SUBJECT_CHARACTERS ? title : `${characters.slice(0, SUBJECT_CHARACTERS).join("")} …`;
}

/** What stands above the sections of a card, on every channel. */
export function aboveSections({ title, edited }: CardText): readonly string[] {
  return edited === undefined ? [title] : [title, edited];
}

/** Less and less of each text, until a channel has room for it. At first more than usual: what is cut cannot be approved there. */
export const CARD_LIMITS: readonly RenderLimits[] = [
  { ...USUAL_LIMITS, characters: 2400 },
  USUAL_LIMITS,
  { characters: 300, members: 60 },
  { characters: 150, members: 30 },
  { characters: 80, members: 15 },
  { characters: 40, members: 5 },
];

/** Stands in the place of the button: a vote says that all of it was seen. */
export const NOT_WHOLE = "Not all of what will run finds room here, so it cannot be approved here: open it, or use the command line.";

/** Marks every line of what the requester says, and of what is said about a review, so that none of it passes for ours. */
const CLAIM = "┊ ";

/** A review as the text of a card, in the same order on every channel. */
export function cardText(view: ReviewView): CardText {
  return {
    heading: headingOf(view),
    title: textLine(view.title),
    edited: view.editor && editedLine(view.editor),
    why: whyNothingToDecide(view),
    sections: [facts(view), parameters(view), claims(view), comments(view), naming(view)].filter(({ lines }) => lines.length > 0),
  };
}

function headingOf({ status, afterReviewOpen }: ReviewView): string {
  if (status === "in review") return "Review needed";
  return afterReviewOpen ? "After-review needed" : `Review: ${status}`;
}

function facts(view: ReviewView): CardSection {
  const needs = view.decide === undefined ? [] : [`needs: ${needsLine(view.decide)}`];
  const deadline = view.deadline === undefined || view.decide === undefined ? [] : [`deadline: ${moment(new Date(view.deadline))}`];
  const lines = view.facts.map((fact) => `${fact.label}: ${textLine(fact.value)}`);
  return {
    kind: "facts",
    label: "",
    lines: [`status: ${view.status}`, ...needs, ...deadline, ...lines, ...missing(view.moreFacts, "facts")],
  };
}

function parameters(view: ReviewView): CardSection {
  const erased = view.erased ? ["The content of this action was erased."] : [];
  return {
    kind: "parameters",
    label: parametersLabel(view),
    lines: [...erased, ...members(view.parameters), ...missing(view.parameters.more, "values")],
  };
}

function claims(view: ReviewView): CardSection {
  return {
    kind: "claims",
    label: "The requester says (not checked, not covered by the digest):",
    lines: [...members(view.claims), ...missing(view.claims.more, "values")].map((line) => `${CLAIM}${line}`),
  };
}

/** As far from ours as what the requester claims: whoever wrote it, nobody checked it. */
function comments({ comments: { comments: shown, more } }: ReviewView): CardSection {
  const lines = [...shown.map(commentLine), ...(more === 0 ? [] : [`and ${more} more`])];
  return { kind: "comments", label: COMMENTS_LABEL, lines: lines.map((line) => `${CLAIM}${line}`) };
}

function naming(view: ReviewView): CardSection {
  return {
    kind: "naming",
    label: "",
    lines: [`action: ${view.actionId}`, `tenant: ${view.tenant}`, `digest: ${view.digest}`, `version: ${view.version}`],
  };
}

function members(section: ReviewView["parameters"]): string[] {
  return section.members.map((member) => `${textLine(member.path)} = ${textLine(member.value)}`);
}

function missing(count: number, what: string): string[] {
  return count === 0 ? [] : [`and ${count} more ${what} that found no room here: read the whole action before you decide`];
}

/** What a channel that cannot change its messages says when something happens. */
export const EVENT_WORDS: Readonly<Record<NotifiedEvent, string>> = {
  ReviewOpened: "review opened",
  StageOpened: "next stage opened",
  ReviewerReminded: "still waits for a decision",
  ReviewEscalated: "escalated, others are asked as well",
  ReviewHeld: "past its deadline, waits on",
  ReviewJoined: "asked for once more by its requester",
  VoteCast: "vote cast",
  VoteLapsed: "a vote lapsed",
  ActionEdited: "edited, earlier votes lapsed",
  EditAccepted: "the requester accepted the edited form",
  CommentAdded: "somebody wrote on it",
  ReviewClaimed: "somebody is looking at it",
  ClaimReleased: "nobody is looking at it any more",
  BreakGlassUsed: "BREAK-GLASS: approved by one person alone",
  ActionApproved: "approved",
  ActionRejected: "rejected",
  ActionExpired: "expired, nobody decided in time",
  ActionCancelled: "cancelled by its requester",
  GrantIssued: "grant issued",
  GrantRevoked: "grant revoked",
  GrantRedeemed: "grant redeemed",
  GrantExpired: "grant expired unused",
  ExecutionReported: "execution reported",
  ExecutionUnreported: "no report came",
  AfterReviewReminded: "nobody has looked at the break-glass yet",
  AfterReviewClosed: "the break-glass was looked at",
};
