import type { ActionEvent, ReviewEscalated } from "./events.ts";
import { escalate } from "./evolve.ts";
import { type Decision, isRejection } from "./rejection.ts";
import type { Stage } from "./stage.ts";
import { type ActionState, claimAt, type InReview, type Review } from "./state.ts";
import type { Instant } from "./values.ts";

/** The open stage's deadline has passed, and nothing puts it off: nobody decides any more, also when the timer is late. */
export function isPast(review: Pick<Review, "deadline" | "putOff" | "stages" | "openStage">, at: Instant): boolean {
  const open = review.stages[review.openStage];
  if (review.deadline === undefined || open?.onTimeout === "hold") return false;
  const last = open?.onTimeout === "escalate" && !review.putOff ? putOff(open, review.deadline) : review.deadline;
  return at >= last;
}

/** By the deadline itself, whenever the timer comes: what nobody has to say does not move it. */
function putOff({ seconds }: Stage, deadline: Instant): Instant {
  return deadline + seconds * 1000;
}

/** What is due by now in a stage that nobody has decided: reminders, the escalation, and what policy wants at the deadline. */
export function dueNow({ review }: InReview, at: Instant): readonly ActionEvent[] {
  const { stages, openStage: stage, openedAt, deadline } = review;
  const open = stages[stage];
  if (open === undefined || isPast(review, at)) return [{ type: "ActionExpired", at }];
  if (deadline === undefined) return [];
  const escalates = !review.escalated.includes(stage) && escalationTime(open, openedAt) <= at;
  if (at >= deadline && open.onTimeout === "escalate") {
    const later = putOff(open, deadline);
    return [{ type: "ReviewEscalated", at, stage, deadline: later, nextAt: later }];
  }
  if (at >= deadline) {
    const held: ActionEvent = { type: "ReviewHeld", at, stage };
    return escalates ? [{ type: "ReviewEscalated", at, stage, deadline, nextAt: deadline }, held] : [held];
  }
  const given = open.reminderSeconds.filter((seconds) => openedAt + seconds * 1000 <= at).length;
  const nextAt = nextDue(open, { openedAt, deadline, reminders: given, escalated: escalates || review.escalated.includes(stage) });
  return [
    ...(escalates ? [{ type: "ReviewEscalated", at, stage, deadline, nextAt } as const] : []),
    ...(given > review.reminders
      ? [{ type: "ReviewerReminded", at, stage, number: given, nextAt, claimedBy: claimAt(review, at)?.reviewer } as const]
      : []),
  ];
}

/** Escalations that are due by now, and that their timer has not recorded. */
function escalationsDue(state: InReview, at: Instant): readonly ReviewEscalated[] {
  return dueNow(state, at).filter((event) => event.type === "ReviewEscalated");
}

/** The review with everybody who is asked by now. */
export function asEscalated(state: InReview, at: Instant): InReview {
  return { ...state, review: escalationsDue(state, at).reduce(escalate, state.review) };
}

/** P7: whom an escalation names may speak from its moment on. What a late timer has not recorded yet is recorded before the words that may rest on it. */
export function withEscalation<Command extends { readonly at: Instant }>(
  decideOn: (command: Command, state: ActionState) => Decision,
  command: Command,
  state: ActionState,
): Decision {
  if (state.status !== "IN_REVIEW") return decideOn(command, state);
  const decision = decideOn(command, asEscalated(state, command.at));
  return isRejection(decision) || decision.length === 0 ? decision : [...escalationsDue(state, command.at), ...decision];
}

/** When something is due next in a stage. */
export function nextDue(
  stage: Stage,
  known: { readonly openedAt: Instant; readonly deadline: Instant; readonly reminders: number; readonly escalated: boolean },
): Instant {
  const reminder = stage.reminderSeconds[known.reminders];
  return Math.min(
    known.deadline,
    reminder === undefined ? Infinity : known.openedAt + reminder * 1000,
    known.escalated ? Infinity : escalationTime(stage, known.openedAt),
  );
}

/** The times of a stage that opens now. A review without stages is over at once. */
export function opening(stage: Stage | undefined, at: Instant): { readonly deadline: Instant; readonly nextAt: Instant } {
  if (stage === undefined) return { deadline: at, nextAt: at };
  const deadline = at + stage.seconds * 1000;
  return { deadline, nextAt: nextDue(stage, { openedAt: at, deadline, reminders: 0, escalated: false }) };
}

function escalationTime({ escalation }: Stage, openedAt: Instant): Instant {
  return escalation === undefined ? Infinity : openedAt + escalation.afterSeconds * 1000;
}
