import type { Match, Outcome } from "./document.ts";
import { textGlob } from "./glob.ts";
import { hoursMatcher } from "./hours.ts";
import type { EvaluationInput } from "./input.ts";

/** Returns why the input, with its risk score, is not meant by a rule, or undefined when it is. */
export type Mismatch = (input: EvaluationInput, risk: number) => string | undefined;

/** Everything in a rule's `match` but its action patterns, which the rule index answers. Prepared once per revision. */
export function compileMatch(match: Match, outcome: Outcome): Mismatch {
  const parts: Mismatch[] = [];
  if (match.subjects) parts.push(subjectsPart(match.subjects));
  if (match.environments) parts.push(environmentsPart(match.environments, outcome));
  if (match.resources) parts.push(resourcesPart(match.resources));
  if (match.hours) parts.push(hoursPart(match.hours));
  if (match.risk !== undefined) parts.push(riskPart(match.risk));
  return (input, risk) => {
    for (const part of parts) {
      const note = part(input, risk);
      if (note !== undefined) return note;
    }
    return undefined;
  };
}

function subjectsPart(subjects: NonNullable<Match["subjects"]>): Mismatch {
  const wanted = new Set(subjects);
  return (input) => (wanted.has(input.principal.type) ? undefined : "another type of principal");
}

/** A rule is for certain environments, and the input says in no text which one it is about. */
export function lacksEnvironment({ environments }: Match, { context }: EvaluationInput): boolean {
  return environments !== undefined && typeof context["environment"] !== "string";
}

/** Leaving the environment out must not look like being elsewhere: it meets no list of a rule that allows, and any list of one that does not. */
function environmentsPart(environments: readonly string[], outcome: Outcome): Mismatch {
  const wanted = new Set<unknown>(environments);
  return ({ context: { environment } }) => {
    const met = typeof environment === "string" ? wanted.has(environment) : outcome !== "allow";
    return met ? undefined : "another environment, or none given";
  };
}

function resourcesPart(resources: NonNullable<Match["resources"]>): Mismatch {
  const wanted = resources.map(({ type, id }) => ({ type: textGlob(type ?? "*"), id: textGlob(id ?? "*") }));
  return ({ resource }) => (wanted.some(({ type, id }) => type(resource.type) && id(resource.id)) ? undefined : "another resource");
}

function hoursPart(hours: NonNullable<Match["hours"]>): Mismatch {
  const within = hoursMatcher(hours);
  return (input) => (within(input.timeMs) ? undefined : "outside of its hours");
}

function riskPart(least: number): Mismatch {
  return (_input, risk) => (risk >= least ? undefined : `its risk score is ${risk}`);
}
