import { allOf, type ReviewDecision } from "./all-reviews.ts";
import type { Decision, PolicyDocument, ReviewSpec, Rule } from "./document.ts";
import type { EvaluationInput } from "./input.ts";
import { MAX_PERSON, ownerNamed, selectorsOf, withResourceOwner } from "./reviewers.ts";
import type { RiskPoint } from "./risk.ts";

/** What policy answers, and why. */
export type Verdict = Decision & {
  /** 0 when the tenant has no policy in force, or for a document that is only tried out. */
  readonly revision: number;
  /** The rule that decided; empty when none did. */
  readonly rule: string;
  /** For people, the deciding one first. They come from the document only, never from the caller: they are recorded for ever. */
  readonly reasons: readonly string[];
  readonly bindingContext: readonly string[];
  readonly risk: readonly RiskPoint[];
};

/** A rule that concerns the input: its match and condition hold, or may hold, which is counted against the caller. */
export type RuleHit = {
  readonly rule: Rule;
  /** What is not sure of it, as in `rule "a" could not be evaluated`; undefined when it holds. Recorded: never quotes the input. */
  readonly doubt: string | undefined;
};

/** The doubt about a rule whose condition gave no boolean. */
export const NOT_EVALUATED = "could not be evaluated";

const STRICTNESS = ["deny", "review", "allow"] as const;

/** The answer for a tenant without a policy in force: fail closed. */
export const NO_POLICY: Verdict = {
  outcome: "deny",
  revision: 0,
  rule: "",
  reasons: ["no policy is in force"],
  bindingContext: [],
  risk: [],
};

/**
 * Combines the hits, which are in document order: deny over review over allow, and the first of the strictest decides. A doubt counts
 * against the caller: its deny denies, its review asks beside what would be asked without it, its allow allows nothing and bars every
 * other allow.
 */
export function combine(document: PolicyDocument, hits: readonly RuleHit[], revision: number, risk: readonly RiskPoint[] = []): Verdict {
  const winner = strictest(hits);
  const common = { revision, risk, bindingContext: document.bindingContext };
  const decision = winner && decisionOf(document, winner, hits);
  if (winner !== undefined && decision !== undefined) {
    const own = reasonOf(winner);
    const first = own.length > 0 ? own : [`rule "${winner.rule.name}" says ${winner.rule.decision.outcome}`];
    return { ...decision, ...common, rule: winner.rule.name, reasons: distinct([...first, ...hits.flatMap(reasonOf)]) };
  }
  const doubtful = hits.filter(isDoubtful);
  const why = hits.length === 0 ? "no rule matches" : `a rule that ${winner === undefined ? "allows" : "reviews"} ${doubtful[0]?.doubt}`;
  const without = (outcome: string) => ({
    ...common,
    rule: "",
    reasons: distinct([`${why}: ${outcome}`, ...[...doubtful, ...hits].flatMap(reasonOf)]),
  });
  const otherwise = defaultOf(document);
  return otherwise === undefined || winner !== undefined
    ? { outcome: "deny", ...without("denied") }
    : { ...otherwise, ...without("reviewed by default") };
}

/** What the winner leads to; undefined when that may be less than what follows without it. */
function decisionOf(document: PolicyDocument, { rule }: RuleHit, hits: readonly RuleHit[]): Decision | undefined {
  if (rule.decision.outcome !== "review") return rule.decision;
  const reviews = reviewsInQuestion(document, hits);
  return reviews && allOf(reviews);
}

/**
 * Every review that may be the one: those whose rule is in doubt, up to the one that is for sure, or that follows without them. A caller would
 * otherwise choose who is asked by what it leaves out. Undefined: without them it is denied.
 */
function reviewsInQuestion(document: PolicyDocument, hits: readonly RuleHit[]): readonly ReviewDecision[] | undefined {
  const reviews = hits.flatMap(({ rule: { decision }, doubt }) => (decision.outcome === "review" ? [{ decision, doubt }] : []));
  const sure = reviews.findIndex(({ doubt }) => doubt === undefined);
  const asked = (sure < 0 ? reviews : reviews.slice(0, sure + 1)).map(({ decision }) => decision);
  const allows = hits.filter(({ rule }) => rule.decision.outcome === "allow");
  // What is allowed without them asks nobody.
  if (sure >= 0 || (allows.length > 0 && !allows.some(isDoubtful))) return asked;
  const otherwise = defaultOf(document);
  return otherwise && [...asked, otherwise];
}

function defaultOf({ defaultReview: review, defaultGrantSeconds: grantSeconds }: PolicyDocument): ReviewDecision | undefined {
  return review && { outcome: "review", review, grantSeconds };
}

/** The hit that decides; undefined when nothing matched, or when all that is left is an allow that is barred. */
function strictest(hits: readonly RuleHit[]): RuleHit | undefined {
  for (const outcome of STRICTNESS) {
    const winners = hits.filter((hit) => hit.rule.decision.outcome === outcome);
    if (outcome === "allow" && winners.some(isDoubtful)) return undefined;
    if (winners[0] !== undefined) return winners[0];
  }
  return undefined;
}

function isDoubtful({ doubt }: RuleHit): boolean {
  return doubt !== undefined;
}

function reasonOf({ rule, doubt }: RuleHit): string[] {
  if (doubt !== undefined) return [`rule "${rule.name}" ${doubt}`];
  return rule.reason === undefined ? [] : [rule.reason];
}

function distinct(reasons: readonly string[]): readonly string[] {
  return [...new Set(reasons)];
}

/** The verdict with the owner of this input's resource in the place of those stages that ask it. */
export function boundToInput(verdict: Verdict, input: EvaluationInput): Verdict {
  if (verdict.outcome !== "review" || !asksResourceOwner(verdict.review)) return verdict;
  const named = input.resource.properties["owner"];
  // A requester writes it: longer than any person's name, it would only fill verdict and log, once for each stage.
  const owner = typeof named === "string" && named.length <= MAX_PERSON ? named : undefined;
  const stages = verdict.review.stages.map((stage) => ({
    ...stage,
    quorum: withResourceOwner(stage.quorum, owner),
    escalation: stage.escalation && { ...stage.escalation, to: ownerNamed(stage.escalation.to, owner) },
  }));
  return { ...verdict, review: { ...verdict.review, stages } };
}

function asksResourceOwner({ stages }: ReviewSpec): boolean {
  return stages.some(({ quorum, escalation }) =>
    [...selectorsOf(quorum), ...(escalation?.to ?? [])].some(({ kind }) => kind === "resource_owner"),
  );
}
