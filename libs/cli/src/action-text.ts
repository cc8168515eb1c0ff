import { statusName } from "@countersign/client";
import {
  ActionStatus,
  AfterReviewFinding,
  AfterReviewState,
  VerdictOutcomeSchema,
  VoteDecision,
  type Action,
  type AfterReview,
  type Verdict,
  type VerdictOutcome,
  type Vote,
} from "@countersign/proto/v1/action_pb";
import type { ActionSummary } from "@countersign/proto/v1/action_service_pb";
import { commentLine, renderReview, sha256Hex, textLine, toReviewSource, USUAL_LIMITS, visible } from "@countersign/review-view";
import { hex, moment, table } from "./output.ts";
import { becauseRows, unknownRows } from "./state-text.ts";

/** Its verdict and its votes do not say why. */
const TAKEN_BACK: ReadonlySet<ActionStatus> = new Set([ActionStatus.CANCELLED, ActionStatus.REVOKED]);

/** An action as a few lines. */
export function actionText(action: Action, grantToken = ""): string {
  const { input, verdict, grant, review, execution } = action;
  const rows: [string, string][] = [
    ["action", action.id],
    ["status", statusName(action.status)],
    ...(TAKEN_BACK.has(action.status) ? becauseRows(action) : []),
    [
      "what",
      input === undefined ? "(erased)" : `${input.action?.name ?? "?"} on ${input.resource?.type ?? "?"} ${input.resource?.id ?? "?"}`,
    ],
    ...contentRows(action),
    ["by", action.requester?.id ?? ""],
    ["verdict", verdict === undefined ? "none yet" : verdictText(verdict)],
    ...(action.status === ActionStatus.IN_REVIEW ? unknownRows(review?.unknownCausers) : []),
    ...(review?.votes ?? []).map((vote): [string, string] => ["vote", voteText(vote)]),
    ...discussionRows(action),
    ...afterReviewRows(action.afterReview),
    ["digest", hex(action.digest)],
    ["version", String(action.version)],
    ...(grant === undefined ? [] : [["grant until", moment(grant.expireTime)] satisfies [string, string]]),
    ...(grantToken === "" ? [] : [["grant token", grantToken] satisfies [string, string]]),
    ...(execution === undefined || execution.message === "" ? [] : [["report", execution.message] satisfies [string, string]]),
  ];
  return rows.map(([label, text]) => `${label.padEnd(12)}${visible(text).text}`).join("\n");
}

/** What was said about it and who is looking. Whoever said it, it is no fact. */
function discussionRows(action: Action): [string, string][] {
  const { comments } = renderReview(toReviewSource(action), sha256Hex, { ...USUAL_LIMITS, comments: { most: 100, characters: 4096 } });
  const claim = action.review?.claim;
  const looking: [string, string][] =
    claim === undefined ? [] : [["claimed by", `${claim.reviewer?.id ?? "?"} until ${moment(claim.expireTime)}`]];
  return [...comments.comments.map((comment): [string, string] => ["comment", commentLine(comment)]), ...looking];
}

function afterReviewRows(after: AfterReview | undefined): [string, string][] {
  if (after === undefined) return [];
  const closed = after.state === AfterReviewState.CLOSED;
  const finding = after.finding === AfterReviewFinding.JUSTIFIED ? "justified" : "not justified";
  return [
    ["break-glass", `by ${after.usedBy?.id ?? "?"}: ${after.reason}`],
    ["afterwards", closed ? `${finding}, by ${after.closedBy?.id ?? "?"}: ${after.findingReason}` : "nobody has looked at it yet"],
  ];
}

/** Parameters and context as reviewers see them: secrets are held back. */
function contentRows(action: Action): [string, string][] {
  const { parameters, claims } = renderReview(toReviewSource(action), sha256Hex);
  const shown = parameters.members.filter(({ path }) => /^(parameters|context)/.test(path.text));
  return [...shown, ...claims.members].map(({ path, value }) => ["", `${textLine(path)} = ${textLine(value)}`]);
}

/** `review by rule "exports" of revision 3: Data leaves.` */
export function verdictText(verdict: Verdict | undefined, document?: string): string {
  if (verdict === undefined) return "none";
  const rule = verdict.rule === "" ? "no rule" : `rule "${verdict.rule}"`;
  const source = document ?? `revision ${verdict.revision}`;
  return visible(`${outcomeName(verdict.outcome)} by ${rule} of ${source}: ${verdict.reasons.join("; ")}`).text;
}

/** `allow`, `deny` or `review`. */
export function outcomeName(outcome: VerdictOutcome): string {
  return VerdictOutcomeSchema.value[outcome]?.name.replace("VERDICT_OUTCOME_", "").toLowerCase() ?? "unknown";
}

function voteText({ reviewer, decision, reason, lapsed }: Vote): string {
  const word = decision === VoteDecision.APPROVE ? "approve" : "reject";
  return `${word} by ${reviewer?.id ?? "?"}${lapsed ? ", lapsed" : ""}${reason === "" ? "" : `: ${reason}`}`;
}

/** Actions as a table. */
export function actionsTable(actions: readonly ActionSummary[], more: boolean): string {
  const shown = table(
    ["ACTION", "STATUS", "WHAT", "RESOURCE", "BY", "REQUESTED"],
    actions.map((action) => [
      action.id,
      statusName(action.status),
      action.actionName,
      `${action.resourceType}:${action.resourceId}`,
      action.requester?.id ?? "",
      moment(action.requestTime),
    ]),
  );
  return more ? `${shown}\n(there are older ones)` : shown;
}

/** Reviews as a table. */
export function reviewsTable(reviews: readonly ActionSummary[]): string {
  return table(
    ["ACTION", "WHAT", "RESOURCE", "BY", "NEEDS", "APPROVALS", "DEADLINE", "CLAIMED BY"],
    reviews.map((review) => [
      review.id,
      review.actionName,
      `${review.resourceType}:${review.resourceId}`,
      review.requester?.id ?? "",
      review.quorum,
      String(review.approvals),
      moment(review.reviewDeadline),
      review.claimedBy === undefined ? "" : `${review.claimedBy.id} until ${moment(review.claimExpireTime)}`,
    ]),
  );
}
