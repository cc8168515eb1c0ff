import type { DevelopmentPrincipal } from "./development-issuer.ts";
import { LEDGER_OPERATOR } from "./roles.ts";

const TENANT = "acme";

/**
 * The cast of a developer's machine: one principal for each part there is to play. The groups are those of the starter policy.
 * `npm start`, the demo and `countersign --as NAME` use them; no deployment knows them.
 */
export const DEVELOPMENT_PRINCIPALS = {
  "crm-agent": { id: "crm-agent", type: "agent", tenant: TENANT, roles: ["requester", "executor"], owner: "agent-owner" },
  "ci-runner": { id: "ci-runner", type: "service", tenant: TENANT, roles: ["requester", "executor"] },
  "agent-owner": {
    id: "agent-owner",
    type: "human",
    tenant: TENANT,
    roles: ["requester", "executor", "reviewer"],
    groups: ["data-owners", "platform-oncall"],
  },
  "data-owner": {
    id: "data-owner",
    type: "human",
    tenant: TENANT,
    roles: ["requester", "executor", "reviewer"],
    groups: ["data-owners", "platform-oncall"],
  },
  "second-data-owner": { id: "second-data-owner", type: "human", tenant: TENANT, roles: ["reviewer"], groups: ["data-owners"] },
  "security-lead": { id: "security-lead", type: "human", tenant: TENANT, roles: ["reviewer"], groups: ["security"] },
  "security-engineer": {
    id: "security-engineer",
    type: "human",
    tenant: TENANT,
    roles: ["reviewer"],
    groups: ["security", "platform-oncall"],
  },
  "policy-admin": { id: "policy-admin", type: "human", tenant: TENANT, roles: ["policy_admin"] },
  auditor: { id: "auditor", type: "human", tenant: TENANT, roles: ["auditor"] },
  "privacy-officer": { id: "privacy-officer", type: "service", tenant: TENANT, roles: ["privacy_officer"] },
  operator: { id: "operator", type: "service", tenant: TENANT, roles: ["operator", "auditor", LEDGER_OPERATOR] },
} as const satisfies Readonly<Record<string, DevelopmentPrincipal>>;

export type DevelopmentName = keyof typeof DEVELOPMENT_PRINCIPALS;

/** Whether there is a development principal of that name. */
export function isDevelopmentName(name: string): name is DevelopmentName {
  return Object.hasOwn(DEVELOPMENT_PRINCIPALS, name);
}
