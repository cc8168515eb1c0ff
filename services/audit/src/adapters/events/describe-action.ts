import type { DecodedEvent } from "@countersign/events";
import {
  type CommentAdded,
  LapseCause,
  type ReviewerStanding,
  type ReviewOpened,
  type VoteCast,
} from "@countersign/proto/event/v1/action_events_pb";
import { AfterReviewFinding, CommentKind, VerdictOutcome, VoteDecision, type Stage, type Verdict } from "@countersign/proto/v1/action_pb";
import { describeOperation } from "./describe-operation.ts";
import { plainText } from "./plain-text.ts";
import { principal, reference, until, type Said } from "./who-and-when.ts";
import { OUTCOMES, VERDICTS } from "./wire-names.ts";

/** What happened to an action, and then to anything else. */
export function describeActionEvent(event: DecodedEvent, said: Said): string {
  switch (event.type) {
    case "ActionRequested":
      return `${principal(event.data.requester)} asked for ${plainText(event.data.actionName)} on ${plainText(event.data.resourceType)} ${plainText(event.data.resourceId)}, for ${plainText(event.data.subjectType)} ${plainText(event.data.subjectId)}`;
    case "VerdictReached":
      return verdict(event.data.verdict);
    case "ReviewOpened":
      return reviewOpened(event.data);
    case "StageOpened":
      return `stage ${event.data.stage + 1} of the review opened${until(event.data.deadline)}`;
    case "ReviewerReminded":
    case "ReviewEscalated":
    case "ReviewHeld":
      return undecided(event);
    case "ReviewJoined":
      return `its requester asked for it for the ${event.data.number}. time, and joined the open review`;
    case "VoteCast":
      return vote(event.data, said);
    case "VoteLapsed":
      return `the vote of ${reference(event.data.reviewer)} lapsed, ${LAPSES[event.data.cause] ?? "for a reason that is not known"}`;
    case "ActionEdited":
      return `${principal(event.data.editor)} edited the parameters${said(event.data.reason)}`;
    case "CommentAdded":
      return comment(event.data, said);
    case "ReviewClaimed":
      return `${principal(event.data.reviewer)} says to be looking at it${until(event.data.expireTime)}`;
    case "ClaimReleased":
      return `${reference(event.data.reviewer)} is not looking at it any more`;
    case "BreakGlassUsed":
    case "AfterReviewReminded":
    case "AfterReviewClosed":
      return alone(event, said);
    case "EditAccepted":
    case "ActionApproved":
    case "ActionRejected":
    case "ActionExpired":
      return PLAIN[event.type];
    case "ActionCancelled":
      return `taken back by its requester${said(event.data.reason)}`;
    case "GrantIssued":
      return `grant issued to ${reference(event.data.principal)}${until(event.data.expireTime)}`;
    case "GrantRedeemed":
      return `grant redeemed by ${reference(event.data.principal)}`;
    case "GrantExpired":
      return "grant expired unused";
    case "GrantRevoked":
      return `grant revoked unused${said(event.data.reason)}`;
    case "ExecutionReported":
      return `execution ${OUTCOMES[event.data.outcome] ?? "reported"}${said(event.data.message)}`;
    case "ExecutionUnreported":
      return "no report of the execution came in time";
    default:
      return describeOperation(event, said);
  }
}

const VOTES: Readonly<Record<number, string>> = { [VoteDecision.APPROVE]: "approved", [VoteDecision.REJECT]: "rejected" };
const LAPSES: Readonly<Record<number, string>> = {
  [LapseCause.EDITED]: "as the action was edited",
  [LapseCause.NOT_ELIGIBLE]: "as the reviewer is not eligible any more",
  [LapseCause.SAME_HUMAN]: "as the reviewer had a part in the request, or is one human with another reviewer",
};
const FINDINGS: Readonly<Record<number, string>> = {
  [AfterReviewFinding.JUSTIFIED]: "justified",
  [AfterReviewFinding.NOT_JUSTIFIED]: "not justified",
};

const PLAIN = {
  EditAccepted: "its requester accepted the edited form",
  ActionApproved: "approved",
  ActionRejected: "rejected",
  ActionExpired: "expired: nobody decided in time",
} as const;

function reviewOpened({ stages, deadline, unknownCausers }: ReviewOpened): string {
  const unknown = unknownCausers.map(reference).join(", ");
  const nobody = unknown === "" ? "" : `; nobody can approve it while the directory does not know ${unknown}`;
  return `people are asked${until(deadline)}: ${stages.map(stage).join(", then ")}${nobody}`;
}

/** Somebody approved alone, and what came of that. */
function alone(event: Extract<DecodedEvent, { type: "BreakGlassUsed" | "AfterReviewReminded" | "AfterReviewClosed" }>, said: Said): string {
  if (event.type === "AfterReviewReminded") {
    return `reviewers were reminded, for the ${event.data.number}. time, that nobody has looked at the break-glass`;
  }
  const who = principal(event.data.reviewer);
  if (event.type === "AfterReviewClosed") {
    return `${who} found the break-glass ${FINDINGS[event.data.finding] ?? "neither right nor wrong"}${said(event.data.reason)}`;
  }
  const skipped = event.data.skipped.map(stage).join(", then ");
  return `${who} approved alone (break-glass), without ${skipped === "" ? "anybody" : skipped}${said(event.data.reason)}`;
}

/** Nobody has decided yet. */
function undecided(event: Extract<DecodedEvent, { type: "ReviewerReminded" | "ReviewEscalated" | "ReviewHeld" }>): string {
  if (event.type === "ReviewHeld") return "nobody decided in time; it waits until somebody does";
  if (event.type === "ReviewerReminded") {
    const who = event.data.claimedBy === undefined ? "reviewers were" : `${reference(event.data.claimedBy)}, who is looking at it, was`;
    return `${who} reminded, for the ${event.data.number}. time`;
  }
  return `nobody decided, so others are asked too${until(event.data.deadline)}`;
}

function vote({ reviewer, decision, standing, haste, reason }: VoteCast, said: Said): string {
  const hasty = haste === undefined ? "" : `, ${haste.availableSeconds} s after being asked (reading it takes ${haste.neededSeconds} s)`;
  return `${principal(reviewer)} ${VOTES[decision] ?? "voted"}${place(standing)}${hasty}${said(reason)}`;
}

/** Words of anybody: unlike a vote's, they belong to nothing that counts. */
function comment({ kind, author, number, question, text }: CommentAdded, said: Said): string {
  const does = kind === CommentKind.ANSWER ? `answers question ${question}` : kind === CommentKind.QUESTION ? "asks" : "remarks";
  return `${principal(author)} ${does} (comment ${number}, which decides nothing)${said(text)}`;
}

function place(standing: ReviewerStanding | undefined): string {
  return standing?.inPlaceOf === undefined ? "" : ` in the place of ${plainText(standing.inPlaceOf.person)}`;
}

function verdict(answer: Verdict | undefined): string {
  const revision = answer === undefined || answer.revision === 0n ? "policy" : `policy revision ${answer.revision}`;
  const rule = answer === undefined || answer.rule === "" ? "" : ` by rule ${plainText(answer.rule)}`;
  const reasons = answer === undefined || answer.reasons.length === 0 ? "" : `: ${plainText(answer.reasons.join("; "), 400)}`;
  return `${revision} answered ${VERDICTS[answer?.outcome ?? VerdictOutcome.UNSPECIFIED] ?? "nothing that is known"}${rule}${reasons}`;
}

function stage({ name, quorumText }: Pick<Stage, "name" | "quorumText">): string {
  return `${plainText(quorumText)}${name === "" ? "" : ` (${plainText(name)})`}`;
}
