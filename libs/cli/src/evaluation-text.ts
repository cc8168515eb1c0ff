import { TimeoutAction, type RiskPoint, type Stage, type Verdict } from "@countersign/proto/v1/action_pb";
import type { RuleTrace } from "@countersign/proto/v1/action_service_pb";
import type { PrincipalRef } from "@countersign/proto/v1/principal_pb";
import { visible } from "@countersign/review-view";
import { accountsText } from "./accounts-text.ts";
import { outcomeName, verdictText } from "./action-text.ts";
import { table } from "./output.ts";

type Evaluation = {
  readonly verdict?: Verdict | undefined;
  readonly rules: readonly RuleTrace[];
  /** Of a dry run: why the request would be refused all the same. */
  readonly refusedReason?: string;
  readonly unknownCausers?: readonly PrincipalRef[];
};

/** What policy would answer, whom it would ask, and how every rule fared. `document` names a policy that is no revision. */
export function evaluationText({ verdict, rules, refusedReason = "", unknownCausers = [] }: Evaluation, document?: string): string {
  const { stages = [], risk = [] } = verdict ?? {};
  return [
    ...(refusedReason === "" ? [] : [visible(`A request would be refused: ${unknownText(unknownCausers) ?? refusedReason}`).text]),
    [verdictText(verdict, document), ...risk.map(riskText)].join("\n"),
    ...(stages.length === 0 ? [] : [stagesTable(stages)]),
    table(
      ["RULE", "ANSWERS", "", "NOTE"],
      rules.map(({ rule, outcome, matched, note }) => [rule, outcomeName(outcome), matched ? "matched" : "", note]),
    ),
  ].join("\n\n");
}

function unknownText(causers: readonly PrincipalRef[]): string | undefined {
  const accounts = accountsText(causers);
  return accounts === "" ? undefined : `your directory does not know ${accounts}, who would cause it, so that nobody could approve it`;
}

function riskText({ points, reason }: RiskPoint): string {
  return visible(`risk ${points}: ${reason}`).text;
}

function stagesTable(stages: readonly Stage[]): string {
  return table(
    ["STAGE", "NEEDS", "DEADLINE", "THEN"],
    stages.map(({ name, quorumText, seconds, onTimeout }) => [name, quorumText, durationText(seconds), THEN[onTimeout] ?? ""]),
  );
}

/** What happens at the deadline. */
const THEN: Readonly<Record<TimeoutAction, string>> = {
  [TimeoutAction.UNSPECIFIED]: "expired",
  [TimeoutAction.DENY]: "expired",
  [TimeoutAction.HOLD]: "stays open",
  [TimeoutAction.ESCALATE]: "others are asked, once",
};

/** In the largest unit that it is a whole number of, as a policy writes it: `90m`. */
function durationText(seconds: number): string {
  const [unit = "s", size = 1] = UNITS.find(([, length]) => seconds % length === 0) ?? [];
  return `${seconds / size}${unit}`;
}

const UNITS = [
  ["d", 86_400],
  ["h", 3600],
  ["m", 60],
  ["s", 1],
] as const;
