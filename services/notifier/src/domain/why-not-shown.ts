import type { NotifiedEvent } from "./notified-event.ts";

/** What decides whether a channel for people gets a message about an event. */
export type ShowQuestion = {
  readonly type: NotifiedEvent;
  readonly streamVersion: number;
  /** The channel changes its messages in place. */
  readonly updates: boolean;
  /** The channel is told of reviews that open. */
  readonly hearsOfOpening: boolean;
  /** Something about this action reached the channel before. */
  readonly shownBefore: boolean;
  /** The version of the action that the message there shows. */
  readonly shownVersion: number | undefined;
  readonly undecided: boolean;
  /** A reminder while a claim lasts, in a channel that cannot remind the claimant alone. */
  readonly claimed: boolean;
  /** The open stage asks people whom this channel serves. */
  readonly asksItsPeople: boolean;
};

/**
 * Why people do not get a message about this event; undefined: they do. Nobody is asked about what is decided, nor told the end of what was never shown
 * there. A message that is changed in place is changed once for all that the action read has behind it.
 */
export function whyNotShown(question: ShowQuestion): string | undefined {
  const { type, shownBefore, undecided } = question;
  if (question.updates && (question.shownVersion ?? 0) >= question.streamVersion) return "the message shows this already";
  if (question.claimed) return "somebody has claimed the review";
  if (shownBefore || (!question.hearsOfOpening && !question.updates)) return undefined;
  // Whoever was skipped is told, and asked for a word afterwards, also where nothing was shown yet.
  if (type === "BreakGlassUsed" || type === "AfterReviewReminded") return whetherAsked(question);
  if (type !== "ReviewOpened" && type !== "StageOpened" && !question.updates) return "the review was never shown here";
  if (!undecided) return "the review was over before it was shown";
  return whetherAsked(question);
}

function whetherAsked({ asksItsPeople }: ShowQuestion): string | undefined {
  return asksItsPeople ? undefined : "it asks nobody whom this channel serves";
}
