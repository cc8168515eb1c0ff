import { timestampDate, type Timestamp } from "@bufbuild/protobuf/wkt";
import type { DecodedEvent } from "@countersign/events";
import { type ContentRef, LapseCause, type ReviewerStanding } from "@countersign/proto/event/v1/action_events_pb";
import { ExecutionOutcome, VerdictOutcome, VoteDecision, type Stage, type Verdict } from "@countersign/proto/v1/action_pb";
import type { ExportFormat } from "@countersign/proto/v1/export_format_pb";
import { PrincipalType, type PrincipalRef } from "@countersign/proto/v1/principal_pb";
import { describeDirectoryEvent } from "./describe-directory.ts";
import { formatName } from "./export-format.ts";
import { plainText } from "./plain-text.ts";

/** What became of words that an event refers to; withheld: the line goes where they could not be erased. */
export type Words = { readonly text: string } | "erased" | "altered" | "withheld";

/** One line for people on what happened, harmless wherever it is shown. Words that people typed are included while they exist. */
export function describeEvent(event: DecodedEvent, lookUp: (ref: ContentRef) => Words): string {
  const said = (ref: ContentRef | undefined): string => (ref === undefined ? "" : quoted(lookUp(ref)));
  switch (event.type) {
    case "ActionRequested":
      return `${principal(event.data.requester)} asked for ${plainText(event.data.actionName)} on ${plainText(event.data.resourceType)} ${plainText(event.data.resourceId)}, for ${plainText(event.data.subjectType)} ${plainText(event.data.subjectId)}`;
    case "VerdictReached":
      return verdict(event.data.verdict);
    case "ReviewOpened":
      return `people are asked${until(event.data.deadline)}: ${event.data.stages.map(stage).join(", then ")}`;
    case "StageOpened":
      return `stage ${event.data.stage + 1} of the review opened${until(event.data.deadline)}`;
    case "ReviewerReminded":
    case "ReviewEscalated":
    case "ReviewHeld":
      return undecided(event);
    case "VoteCast":
      return `${principal(event.data.reviewer)} ${VOTES[event.data.decision] ?? "voted"}${place(event.data.standing)}${said(event.data.reason)}`;
    case "VoteLapsed":
      return `the vote of ${reference(event.data.reviewer)} lapsed, ${LAPSES[event.data.cause] ?? "for a reason that is not known"}`;
    case "ActionEdited":
      return `${principal(event.data.editor)} edited the parameters${said(event.data.reason)}`;
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
    case "PolicyPublished":
      return `policy revision ${event.data.revision} published`;
    case "PolicyActivated":
      return `policy revision ${event.data.revision} came into force`;
    case "DeadLettersReplayed":
      return `${event.data.positions.length} dead letters of ${plainText(event.data.consumer)} were handed out again`;
    case "DeadLetterDiscarded":
      return `the dead letter of ${plainText(event.data.consumer)} at position ${event.data.position} was given up${said(event.data.reason)}`;
    case "EpochStarted":
      return `epoch ${event.data.epoch} of the ledger began, as nothing could be signed: ${plainText(event.data.refusal)}`;
    case "ContentErased":
      return `${event.data.digests.length} contents${event.data.personId === "" ? "" : ` of person ${plainText(event.data.personId)}`} were erased${said(event.data.reason)}`;
    case "VoteRefused":
      return `a vote of ${reference(event.data.reviewer)} on action ${plainText(event.data.actionId)} was refused: ${plainText(event.data.reason)}`;
    case "ReportRefused":
      return `another report by ${reference(event.data.reporter)} on action ${plainText(event.data.actionId)} was refused: one is on record`;
    case "ExportRequested":
      return `${exportName(event.data.format)} was asked for${since(event.data.from)}${until(event.data.to)}`;
    case "ExportProduced":
      return `${exportName(event.data.format)} of ${event.data.events} events was handed out, SHA-256 ${Buffer.from(event.data.digest).toString("hex")}`;
    default:
      return describeDirectoryEvent(event);
  }
}

const VOTES: Readonly<Record<number, string>> = { [VoteDecision.APPROVE]: "approved", [VoteDecision.REJECT]: "rejected" };
const LAPSES: Readonly<Record<number, string>> = {
  [LapseCause.EDITED]: "as the action was edited",
  [LapseCause.NOT_ELIGIBLE]: "as the reviewer is not eligible any more",
  [LapseCause.SAME_HUMAN]: "as the reviewer had a part in the request, or is one human with another reviewer",
};
const OUTCOMES: Readonly<Record<number, string>> = { [ExecutionOutcome.SUCCEEDED]: "succeeded", [ExecutionOutcome.FAILED]: "failed" };
const VERDICTS: Readonly<Record<number, string>> = {
  [VerdictOutcome.ALLOW]: "allow",
  [VerdictOutcome.DENY]: "deny",
  [VerdictOutcome.REVIEW]: "review",
};
const KINDS: Readonly<Record<number, string>> = {
  [PrincipalType.HUMAN]: "human",
  [PrincipalType.AGENT]: "agent",
  [PrincipalType.SERVICE]: "service",
};

const PLAIN = {
  EditAccepted: "its requester accepted the edited form",
  ActionApproved: "approved",
  ActionRejected: "rejected",
  ActionExpired: "expired: nobody decided in time",
} as const;

/** Nobody has decided yet. */
function undecided(event: Extract<DecodedEvent, { type: "ReviewerReminded" | "ReviewEscalated" | "ReviewHeld" }>): string {
  if (event.type === "ReviewHeld") return "nobody decided in time; it waits until somebody does";
  if (event.type === "ReviewerReminded") return `reviewers were reminded, for the ${event.data.number}. time`;
  return `nobody decided, so others are asked too${until(event.data.deadline)}`;
}

function place(standing: ReviewerStanding | undefined): string {
  return standing?.inPlaceOf === undefined ? "" : ` in the place of ${plainText(standing.inPlaceOf.person)}`;
}

function quoted(words: Words): string {
  if (words === "withheld") return "";
  if (words === "erased") return " (the words were erased)";
  if (words === "altered") return " (the stored words are not the ones that were recorded)";
  const text = plainText(words.text);
  return text === "" ? "" : `: "${text}"`;
}

function exportName(format: ExportFormat): string {
  const name = formatName(format);
  return name === "archive" ? "an archive" : `an export (${name})`;
}

function verdict(answer: Verdict | undefined): string {
  const revision = answer === undefined || answer.revision === 0n ? "policy" : `policy revision ${answer.revision}`;
  const rule = answer === undefined || answer.rule === "" ? "" : ` by rule ${plainText(answer.rule)}`;
  const reasons = answer === undefined || answer.reasons.length === 0 ? "" : `: ${plainText(answer.reasons.join("; "), 400)}`;
  return `${revision} answered ${VERDICTS[answer?.outcome ?? VerdictOutcome.UNSPECIFIED] ?? "nothing that is known"}${rule}${reasons}`;
}

function stage({ name, quorumText }: Stage): string {
  return `${plainText(quorumText)}${name === "" ? "" : ` (${plainText(name)})`}`;
}

function principal(who: (Pick<PrincipalRef, "issuer" | "id"> & { readonly type: PrincipalType }) | undefined): string {
  const kind = who === undefined ? undefined : KINDS[who.type];
  return kind === undefined ? reference(who) : `${kind} ${reference(who)}`;
}

function reference(who: Pick<PrincipalRef, "id"> | undefined): string {
  return who === undefined || who.id === "" ? "somebody unnamed" : plainText(who.id);
}

function since(time: Timestamp | undefined): string {
  return time === undefined ? ", from the first event" : `, from ${timestampDate(time).toISOString()}`;
}

function until(time: Timestamp | undefined): string {
  return time === undefined ? "" : `, until ${timestampDate(time).toISOString()}`;
}
