import type { Decision, PolicyDocument, Rule } from "../domain/document.ts";
import type { EvaluationInput } from "../domain/input.ts";

/** An input that most tests start from. */
export const input: EvaluationInput = {
  principal: {
    tenant: "acme",
    type: "agent",
    issuer: "https://issuer.example",
    id: "exporter",
    groups: ["bots"],
    roles: ["requester"],
    chain: [],
  },
  subject: { type: "agent", id: "exporter", properties: {} },
  action: { name: "db.export", properties: { rows: 10 } },
  resource: { type: "db.table", id: "customers", properties: {} },
  context: { environment: "production" },
  timeMs: Date.parse("2026-11-23T10:00:00Z"),
};

export const review = { stages: [{ name: "review", groups: ["dba"], quorum: 1 }], seconds: 3600 };

export const DECISIONS = {
  deny: { outcome: "deny" },
  allow: { outcome: "allow", grantSeconds: 300 },
  review: { outcome: "review", review, grantSeconds: 300 },
} as const satisfies Record<Decision["outcome"], Decision>;

export function rule(name: string, outcome: Decision["outcome"], more: Partial<Rule> = {}): Rule {
  return { name, match: {}, reason: `because of ${name}`, decision: DECISIONS[outcome], ...more };
}

export function policyOf(rules: readonly Rule[], more: Partial<PolicyDocument> = {}): PolicyDocument {
  return { name: "test", bindingContext: ["environment"], defaultGrantSeconds: 300, rules, ...more };
}
