import type { Answer, Unexpected } from "@countersign/policy-cases";
import { VerdictOutcome } from "@countersign/proto/v1/action_pb";
import type { TestPolicyResponse } from "@countersign/proto/v1/policy_service_pb";
import { visible } from "@countersign/review-view";
import { outcomeName } from "./action-text.ts";
import { table } from "./output.ts";

/** How a case fared; without a rule nobody could ask it. */
export type CaseResult = { readonly name: string; readonly unexpected: readonly Unexpected[]; readonly rule?: string };

/** Which cases are answered otherwise, and the rules that decide none of them. */
export function casesText(results: readonly CaseResult[], rules: Iterable<string>): string {
  const wrong = results.filter(({ unexpected }) => unexpected.length > 0);
  const decided = new Set(results.map(({ rule }) => rule));
  const idle = [...rules].filter((rule) => !decided.has(rule)).map((rule) => `"${rule}"`);
  const rows = wrong.flatMap(({ name, unexpected }) =>
    unexpected.map(({ what, expected, answered }, index) => [index === 0 ? name : "", what, expected, answered]),
  );
  return [
    `${results.length - wrong.length} of ${results.length} cases are answered as expected`,
    ...(wrong.length === 0 ? [] : [table(["CASE", "", "EXPECTED", "ANSWERED"], rows)]),
    ...(idle.length === 0 ? [] : [visible(`Rules that decide no case: ${idle.join(", ")}`).text]),
  ].join("\n\n");
}

/** A reply in the words of a case. */
export function answerOf({ verdict }: TestPolicyResponse): Answer {
  const { stages = [], risk = [] } = verdict ?? {};
  return {
    outcome: outcomeName(verdict?.outcome ?? VerdictOutcome.UNSPECIFIED),
    rule: verdict?.rule ?? "",
    reasons: verdict?.reasons ?? [],
    quorum: stages[0]?.quorumText ?? "",
    stages: stages.map(({ name }) => name),
    review_seconds: stages[0]?.seconds ?? 0,
    grant_seconds: verdict?.grantSeconds ?? 0,
    risk: risk.reduce((sum, { points }) => sum + points, 0),
  };
}
