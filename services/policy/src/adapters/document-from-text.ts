import { WEEKDAYS, type Decision, type Match, type PolicyDocument, type ReviewSpec, type Rule } from "../domain/document.ts";
import { parseTimeOfDay } from "../domain/hours.ts";
import type { DocumentText } from "./document-schema.ts";
import { durationSeconds } from "./duration.ts";
import { toReview } from "./review-from-text.ts";

const GRANT_SECONDS = 300;

type RuleText = DocumentText["rules"][number];

/** The document in the words of the domain, with every default filled in. */
export function toPolicyDocument(text: DocumentText): PolicyDocument {
  const defaultReview = text.defaults.review && toReview(text.defaults.review);
  const defaultGrantSeconds = text.defaults.grant ? durationSeconds(text.defaults.grant.lifetime) : GRANT_SECONDS;
  return {
    name: text.metadata.name,
    bindingContext: [...text.binding_context].sort(),
    defaultReview,
    defaultGrantSeconds,
    risk: text.risk,
    rules: text.rules.map((rule) => toRule(rule, defaultReview, defaultGrantSeconds)),
  };
}

function toRule(rule: RuleText, defaultReview: ReviewSpec | undefined, defaultGrantSeconds: number): Rule {
  const grantSeconds = rule.grant ? durationSeconds(rule.grant.lifetime) : defaultGrantSeconds;
  const review = rule.review ? toReview(rule.review) : defaultReview;
  return {
    name: rule.name,
    match: toMatch(rule.match),
    when: rule.when,
    reason: rule.reason,
    decision: toDecision(rule.outcome, review, grantSeconds),
  };
}

function toDecision(outcome: RuleText["outcome"], review: ReviewSpec | undefined, grantSeconds: number): Decision {
  if (outcome === "deny") return { outcome };
  if (outcome === "allow") return { outcome, grantSeconds };
  if (review === undefined) throw new Error("the schema lets no review rule pass without a review");
  return { outcome, review, grantSeconds };
}

function toMatch({ hours, ...match }: RuleText["match"]): Match {
  if (hours === undefined) return match;
  const minutes = (time: string) => parseTimeOfDay(time) ?? Number.NaN;
  return { ...match, hours: { timezone: hours.timezone, days: hours.days ?? WEEKDAYS, from: minutes(hours.from), to: minutes(hours.to) } };
}
