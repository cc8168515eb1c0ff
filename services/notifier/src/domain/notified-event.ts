/** The first stream version that each type can have on an action that was reviewed; ActionRequested, VerdictReached and ReviewOpened come before it. */
const EARLIEST = {
  ReviewOpened: 3,
  StageOpened: 4,
  ReviewerReminded: 4,
  ReviewEscalated: 4,
  ReviewHeld: 4,
  ReviewJoined: 4,
  VoteCast: 4,
  VoteLapsed: 4,
  ActionEdited: 4,
  EditAccepted: 4,
  CommentAdded: 4,
  ReviewClaimed: 4,
  ClaimReleased: 5,
  BreakGlassUsed: 4,
  ActionApproved: 4,
  ActionRejected: 4,
  ActionExpired: 4,
  ActionCancelled: 4,
  GrantIssued: 5,
  GrantRevoked: 6,
  GrantRedeemed: 6,
  GrantExpired: 6,
  ExecutionReported: 7,
  ExecutionUnreported: 7,
  AfterReviewReminded: 7,
  AfterReviewClosed: 7,
} as const;

/** What a channel can be told about an action that was reviewed. */
export type NotifiedEvent = keyof typeof EARLIEST;

export const NOTIFIED_EVENTS = Object.keys(EARLIEST) as [NotifiedEvent, ...NotifiedEvent[]];

/** What reviewers want to know: they are asked, and it is over. */
export const REVIEWER_EVENTS: readonly NotifiedEvent[] = [
  "ReviewOpened",
  "ReviewerReminded",
  "ReviewEscalated",
  "ActionEdited",
  "EditAccepted",
  "BreakGlassUsed",
  "AfterReviewReminded",
  "AfterReviewClosed",
  "ActionApproved",
  "ActionRejected",
  "ActionExpired",
  "ActionCancelled",
];

export function isNotifiedEvent(type: string): type is NotifiedEvent {
  return Object.hasOwn(EARLIEST, type);
}

/**
 * False when the event cannot belong to a reviewed action, by its place in the stream alone. It keeps the many actions that policy allows at once
 * away from the database; the tracked reviews decide about the rest.
 */
export function mayFollowReview(type: NotifiedEvent, streamVersion: number): boolean {
  return streamVersion >= EARLIEST[type];
}
