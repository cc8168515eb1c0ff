import type { PolicyDocument } from "./document.ts";

/** Points of risk, with the reason for them. */
export type RiskPoint = { readonly points: number; readonly reason: string };

/** What makes this input risky. A condition that cannot be evaluated counts against the caller. */
export function riskOf(document: PolicyDocument, conditionOf: (index: number) => unknown): readonly RiskPoint[] {
  return document.risk.flatMap(({ when, points, reason }, index) => {
    const held = when === undefined || conditionOf(riskCondition(document.rules.length, index));
    if (held === false) return [];
    return [{ points, reason: held === true ? reason : `could not be evaluated, so it counts: ${reason}` }];
  });
}

/** Where the condition of a risk stands among a document's conditions: after those of the rules. */
function riskCondition(rules: number, index: number): number {
  return rules + index;
}

export function riskScore(risk: readonly RiskPoint[]): number {
  return risk.reduce((sum, { points }) => sum + points, 0);
}
