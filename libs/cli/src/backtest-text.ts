import { equals } from "@bufbuild/protobuf";
import { ReviewTermsSchema, StageSchema, VerdictOutcome, type Verdict } from "@countersign/proto/v1/action_pb";
import type { BacktestResult, PolicyDifference } from "@countersign/proto/v1/policy_service_pb";
import { visible } from "@countersign/review-view";
import { outcomeName } from "./action-text.ts";
import { moment, table } from "./output.ts";

const OUTCOMES = [VerdictOutcome.ALLOW, VerdictOutcome.REVIEW, VerdictOutcome.DENY];

/** How a document would have done: from which outcome to which, what makes the differences, and the rules that decided nothing. */
export function backtestText(result: BacktestResult, causes: Causes): string {
  const { judged, different, erased, rules } = result;
  const idle = rules.filter(({ decides }) => decides === 0n).map(({ rule }) => `"${rule}"`);
  const more = erased === 0n ? "" : `; ${erased} more cannot be tried, as their input was erased`;
  return [
    `${judged === 1n ? "1 request or edit was" : `${judged} requests and edits were`} judged, ${different === 0n ? "none" : different} would be answered otherwise${more}`,
    ...(judged === 0n ? [] : [outcomes(result)]),
    ...(different === 0n ? [] : [causes.text()]),
    ...(idle.length === 0 || judged === 0n ? [] : [visible(`Rules that would have decided nothing: ${idle.join(", ")}`).text]),
  ].join("\n\n");
}

function outcomes({ tallies }: BacktestResult): string {
  const count = (was: VerdictOutcome, wouldBe: VerdictOutcome): string =>
    String(tallies.find((tally) => tally.was === was && tally.wouldBe === wouldBe)?.count ?? 0n);
  return table(
    ["WAS", ...OUTCOMES.map((outcome) => `WOULD BE ${outcomeName(outcome)}`)],
    OUTCOMES.map((was) => [outcomeName(was), ...OUTCOMES.map((wouldBe) => count(was, wouldBe))]),
  );
}

type Cause = { readonly cells: readonly string[]; readonly example: string; count: number };

/** The differences by the rules that make them. Of each cause one example is kept: there may be a million differences. */
export class Causes {
  readonly #found = new Map<string, Cause>();

  add(difference: PolicyDifference): void {
    const cells = [decided(difference.was), decided(difference.wouldBe), changeOf(difference)];
    const key = JSON.stringify(cells);
    const cause = this.#found.get(key) ?? { cells, example: exampleText(difference), count: 0 };
    cause.count += 1;
    this.#found.set(key, cause);
  }

  /** Most frequent first. */
  text(): string {
    const rows = [...this.#found.values()]
      .toSorted((one, other) => other.count - one.count)
      .map(({ cells, example, count }) => [String(count), ...cells, example]);
    return table(["COUNT", "WAS", "WOULD BE", "CHANGES", "FOR EXAMPLE"], rows);
  }
}

function decided(verdict: Verdict | undefined): string {
  if (verdict === undefined) return "";
  return `${outcomeName(verdict.outcome)} by ${verdict.rule === "" ? "no rule" : `"${verdict.rule}"`}`;
}

/** What is otherwise where the outcome is the same. */
function changeOf({ was, wouldBe }: PolicyDifference): string {
  if (was === undefined || wouldBe === undefined || was.outcome !== wouldBe.outcome) return "outcome";
  const stages = was.stages.length === wouldBe.stages.length && was.stages.every((stage, index) => isSame(stage, wouldBe.stages[index]));
  const terms = was.terms === wouldBe.terms || (was.terms && wouldBe.terms && equals(ReviewTermsSchema, was.terms, wouldBe.terms));
  return [
    ...(stages ? [] : ["stages"]),
    ...(terms ? [] : ["terms"]),
    ...(was.grantSeconds === wouldBe.grantSeconds ? [] : ["grant's time"]),
    ...(was.bindingContext.join("\0") === wouldBe.bindingContext.join("\0") ? [] : ["bound context"]),
  ].join(", ");
}

function isSame(one: Verdict["stages"][number], other: Verdict["stages"][number] | undefined): boolean {
  return other !== undefined && equals(StageSchema, one, other);
}

function exampleText({ actionId, time, actionName, resourceType, resourceId }: PolicyDifference): string {
  return `${actionName} on ${resourceType} ${resourceId}, ${moment(time)}, ${actionId}`;
}
