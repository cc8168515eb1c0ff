import type { Match, Outcome } from "./document.ts";
import { textGlob } from "./glob.ts";
import { hoursMatcher } from "./hours.ts";
import type { EvaluationInput } from "./input.ts";
import { looselySpelt } from "./spelling.ts";

/** Returns why the input, with its risk score, is not meant by a rule, or undefined when it is. */
export type Mismatch = (input: EvaluationInput, risk: number) => string | undefined;

/** Returns why it is not sure that a rule means the input that it matches, without quoting that; undefined when it is sure. */
export type Doubt = (input: EvaluationInput) => string | undefined;

/** Everything in a rule's `match` but its action patterns, which the rule index answers. Prepared once per revision. */
export function compileMatch(match: Match, outcome: Outcome): Mismatch {
  const parts: Mismatch[] = [];
  if (match.subjects) parts.push(subjectsPart(match.subjects));
  if (match.environments) parts.push(environmentsPart(match.environments, outcome));
  if (match.resources) parts.push(resourcesPart(match.resources, outcome));
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

/** What a rule that denies or reviews matches, so that nobody is past it by leaving something out or spelling it otherwise, and one that allows does not. */
export function compileDoubt({ environments, resources }: Match): Doubt {
  const isNamed = resources && resourceMatcher(resources);
  return (input) => {
    const environment = environmentOf(input);
    if (environments !== undefined && looselySpelt(environment) === "") return "may be meant, as no environment is given";
    if (environments?.includes(environment) === false) return "may be meant, as its environment is spelt otherwise";
    return isNamed?.(input.resource) === false ? "may be meant, as its resource is spelt otherwise" : undefined;
  };
}

/** Empty where the input says in no text which environment it is about. */
function environmentOf({ context: { environment } }: EvaluationInput): string {
  return typeof environment === "string" ? environment : "";
}

function environmentsPart(environments: readonly string[], outcome: Outcome): Mismatch {
  const wanted = new Set(environments);
  const loosely = new Set(["", ...environments.map(looselySpelt)]);
  return (input) => {
    const environment = environmentOf(input);
    const met = wanted.has(environment) || (outcome !== "allow" && loosely.has(looselySpelt(environment)));
    return met ? undefined : "another environment, or none given";
  };
}

type Resources = NonNullable<Match["resources"]>;

function resourcesPart(resources: Resources, outcome: Outcome): Mismatch {
  const [matches, matchesLoosely] = [resourceMatcher(resources), resourceMatcher(resources, looselySpelt)];
  return ({ resource }) => {
    const met =
      matches(resource) || (outcome !== "allow" && matchesLoosely({ type: looselySpelt(resource.type), id: looselySpelt(resource.id) }));
    return met ? undefined : "another resource";
  };
}

type Named = { readonly type: string; readonly id: string };

function resourceMatcher(resources: Resources, spelt = (pattern: string) => pattern): (resource: Named) => boolean {
  const wanted = resources.map(({ type = "*", id = "*" }) => ({ type: textGlob(spelt(type)), id: textGlob(spelt(id)) }));
  return (resource) => wanted.some(({ type, id }) => type(resource.type) && id(resource.id));
}

function hoursPart(hours: NonNullable<Match["hours"]>): Mismatch {
  const within = hoursMatcher(hours);
  return (input) => (within(input.timeMs) ? undefined : "outside of its hours");
}

function riskPart(least: number): Mismatch {
  return (_input, risk) => (risk >= least ? undefined : `its risk score is ${risk}`);
}
