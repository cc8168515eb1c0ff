import type { Decision, PolicyDocument, ReviewSpec, Rule, Stage } from "../domain/document.ts";
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

export const stage: Stage = {
  name: "review",
  quorum: { kind: "at_least", count: 1, of: [{ kind: "group", name: "dba" }] },
  quorumText: "1 of dba",
  distinctTeams: false,
  seconds: 3600,
  reminderSeconds: [],
  onTimeout: "deny",
  mode: "four_eyes",
  approveNeedsReason: false,
  leastSignIn: "any",
};

export const review: ReviewSpec = {
  stages: [stage],
  terms: { editable: "", ownerMayApprove: false },
};

export const DECISIONS = {
  deny: { outcome: "deny" },
  allow: { outcome: "allow", grantSeconds: 300 },
  review: { outcome: "review", review, grantSeconds: 300 },
} as const satisfies Record<Decision["outcome"], Decision>;

export function rule(name: string, outcome: Decision["outcome"], more: Partial<Rule> = {}): Rule {
  return { name, match: {}, reason: `because of ${name}`, decision: DECISIONS[outcome], ...more };
}

export function policyOf(rules: readonly Rule[], more: Partial<PolicyDocument> = {}): PolicyDocument {
  return { name: "test", bindingContext: ["environment"], defaultGrantSeconds: 300, risk: [], rules, ...more };
}
