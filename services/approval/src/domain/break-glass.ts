import { approve } from "./approve.ts";
import type { BreakGlass, CloseAfterReview, TendAfterReview } from "./commands.ts";
import { actsInPerson, countsFor, type Ineligibility } from "./eligibility.ts";
import { isPast } from "./escalation.ts";
import type { ActionEvent } from "./events.ts";
import { staleness } from "./freshness.ts";
import { lateness } from "./lateness.ts";
import { type Principal, samePrincipal, strongEnough } from "./principal.ts";
import { type Decision, reject, unlessKnown, wrongState } from "./rejection.ts";
import { type Causer, causedEdit, causedRequest, unknownCausers } from "./separation-of-duties.ts";
import { leavesOf } from "./stage.ts";
import { sameHuman, type Standing } from "./standing.ts";
import { type ActionState, type AfterReview, afterReviewOf, type InReview } from "./state.ts";
import type { SkippedStage } from "./values.ts";

/** How often the reviewers of skipped stages are reminded that nobody has looked at it. */
const REMINDER_MS = 24 * 3_600_000;

const OPEN_AFTER_REVIEW = "an open after-review";

/** One human approves alone what policy lets them, in its own name; whoever was not waited for has an after-review to close. */
export function breakGlass(command: BreakGlass, state: ActionState): Decision {
  if (state.status === "NONE") return reject("NOT_FOUND");
  const { at, reviewer, digest, shown, reason, keyId, signature, grant } = command;
  if (!actsInPerson(reviewer)) return reject("NOT_HUMAN");
  const used = afterReviewOf(state);
  if (used !== undefined && used.digest === digest && samePrincipal(used.reviewer, reviewer)) return [];
  if (state.status !== "IN_REVIEW") return wrongState("IN_REVIEW");
  if (state.ruling.verdict.terms.breakGlass === undefined) return reject("BREAK_GLASS_NOT_ALLOWED");
  if (isPast(state.review, at)) return reject("DEADLINE_PASSED");
  const standing = ownStandingFor(state, command);
  if (typeof standing === "string") return reject(standing);
  const unknown = state.ruling.verdict.terms.breakGlass.requester ? undefined : unlessKnown(unknownToJudge(state, command));
  if (unknown !== undefined) return unknown;
  const stale = staleness(state, command);
  if (stale !== undefined) return reject(stale);
  const { openStage: stage } = state.review;
  const said = { digest, shownDigest: shown.given, stage, skipped: skippedBy(state), reason, keyId, signature };
  return [
    { type: "BreakGlassUsed", at, reviewer, standing, ...said, nextAt: at + REMINDER_MS },
    ...approve(grant, digest, state.requester, at),
  ];
}

/** P3: in nobody else's place, and not who caused it: unless policy trusts the requester's own human that far. Never who edited. */
function ownStandingFor(state: InReview, { reviewer, standings }: BreakGlass): Standing | Ineligibility {
  const { breakGlass: terms } = state.ruling.verdict.terms;
  const own = standings.find(({ inPlaceOf }) => inPlaceOf === undefined);
  if (own === undefined || terms === undefined) return "NOT_ELIGIBLE";
  // An owner who may vote among others may not therefore decide alone.
  const caused = causedRequest({ ...state, ruling: withOwnerBarred(state.ruling) }, undefined, own);
  if (causedEdit(state.review, own) || (!terms.requester && caused)) return "SELF_APPROVAL";
  if (!terms.groups.some((group) => own.groups.includes(group))) return "NOT_ELIGIBLE";
  return strongEnough(reviewer.signIn, "mfa") ? own : "SIGN_IN_TOO_WEAK";
}

function skippedBy({ review: { stages, openStage } }: InReview): readonly SkippedStage[] {
  return stages.flatMap(({ name, quorumText }, stage) => (stage < openStage ? [] : [{ stage, name, quorumText }]));
}

/** A reviewer of a skipped stage says whether it was right, whatever became of the action meanwhile. */
export function closeAfterReview(command: CloseAfterReview, state: ActionState): Decision {
  if (state.status === "NONE") return reject("NOT_FOUND");
  const { at, reviewer, finding, reason } = command;
  if (!actsInPerson(reviewer)) return reject("NOT_HUMAN");
  if (!("review" in state) || state.review?.afterReview === undefined || state.ruling === undefined) return wrongState(OPEN_AFTER_REVIEW);
  const { review, ruling } = state;
  const { closed } = state.review.afterReview;
  if (closed !== undefined)
    return closed.finding === finding && samePrincipal(closed.reviewer, reviewer) ? [] : wrongState(OPEN_AFTER_REVIEW);
  const asked: InReview = { ...state, status: "IN_REVIEW", review, ruling };
  const standing = closerOf(asked, state.review.afterReview, command);
  if (typeof standing === "string") return reject(standing);
  // Who finds it wrong may be anybody who is asked.
  const unknown = finding === "justified" ? unlessKnown(unknownToJudge(asked, command)) : undefined;
  if (unknown !== undefined) return unknown;
  const judged: ActionEvent = { type: "AfterReviewClosed", at, reviewer, standing, finding, reason };
  // What should not have been approved is not run, if it was not run yet and still can be.
  const revoked = finding === "not_justified" && state.status === "APPROVED" && lateness(state, at) === undefined;
  return revoked ? [judged, { type: "GrantRevoked", at, grantId: state.grant.id, reason }] : [judged];
}

/** P3: as whom this reviewer may close it; or why not. */
function closerOf(
  state: InReview,
  after: AfterReview,
  { reviewer, standings }: { readonly reviewer: Principal; readonly standings: readonly Standing[] },
): Standing | Ineligibility {
  const faults = standings.map((standing) => closingFault(state, after, standing, reviewer));
  const found = standings.find((_, index) => faults[index] === undefined);
  return found ?? faults.find((fault) => fault !== undefined && fault !== "NOT_ELIGIBLE") ?? "NOT_ELIGIBLE";
}

function closingFault(state: InReview, after: AfterReview, standing: Standing, reviewer: Principal): Ineligibility | undefined {
  // Whatever policy trusts them with before: nobody judges what they caused or did.
  const caused = causedRequest({ ...state, ruling: withOwnerBarred(state.ruling) }, undefined, standing);
  if (caused || causedEdit(state.review, standing) || sameHuman(after.standing, standing)) return "SELF_APPROVAL";
  const asked = after.skipped.flatMap(({ stage: index }) => {
    const stage = state.review.stages[index];
    return stage !== undefined && leavesOf(stage.quorum).some((part) => countsFor(state, index)(standing, part)) ? [stage] : [];
  });
  if (asked.length === 0) return "NOT_ELIGIBLE";
  return asked.some(({ leastSignIn }) => strongEnough(reviewer.signIn, leastSignIn)) ? undefined : "SIGN_IN_TOO_WEAK";
}

/** P3: an owner who may vote among others may not therefore decide alone, or judge it. */
function unknownToJudge(state: InReview, { strangers }: Pick<BreakGlass, "strangers">): readonly Causer[] {
  return unknownCausers({ ...state, ruling: withOwnerBarred(state.ruling) }, undefined, strangers);
}

function withOwnerBarred(ruling: InReview["ruling"]): InReview["ruling"] {
  return { ...ruling, verdict: { ...ruling.verdict, terms: { ...ruling.verdict.terms, ownerMayApprove: false } } };
}

export function tendAfterReview({ at }: TendAfterReview, state: ActionState): Decision {
  const after = afterReviewOf(state);
  if (after === undefined || after.closed !== undefined || at < after.nextAt) return [];
  return [{ type: "AfterReviewReminded", at, number: after.reminders + 1, nextAt: at + REMINDER_MS }];
}
