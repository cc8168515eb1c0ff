import type { ActionInput } from "@countersign/client";
import type { DevelopmentPrincipal } from "@countersign/identity";
import { starterPolicy } from "@countersign/policy";
import { EXPORT } from "./scenes.ts";

/** Needs somebody of both groups; nobody can be both. */
export const CAMPAIGN: ActionInput = {
  subject: { type: "agent", id: "crm-agent" },
  action: { name: "mail.campaign", properties: { segment: "vip" } },
  resource: { type: "list", id: "customers" },
  context: { environment: "production" },
};
export const PURGE: ActionInput = { ...EXPORT, action: { name: "db.purge", properties: {} } };
export const RESTORE: ActionInput = { ...EXPORT, action: { name: "db.restore", properties: {} } };
export const COPY: ActionInput = { ...EXPORT, action: { name: "db.copy", properties: {} } };

/** What each of them needs. */
export const POLICY = `${starterPolicy().trimEnd()}

  - name: campaigns need both
    match: { actions: [mail.campaign] }
    outcome: review
    review: { quorum: 1 of data-owners and 1 of security }
  - name: purges for two, or for one in an emergency
    match: { actions: [db.purge] }
    outcome: review
    review: { quorum: 2 of data-owners, break_glass: { groups: [security, data-owners] } }
  - name: restores for two, or for whoever needs it
    match: { actions: [db.restore] }
    outcome: review
    review: { quorum: 2 of data-owners, break_glass: { groups: [data-owners], requester: true } }
  - name: exports for two
    match: { actions: [db.copy] }
    outcome: review
    review: { quorum: 2 of data-owners }
`;

/** Why somebody breaks the glass. */
export const REASON = "the database is full, and nobody answers";

/** Whatever a token says of groups: the directory knows better. */
export const human = (id: string, more: Partial<DevelopmentPrincipal> = {}): DevelopmentPrincipal => ({
  id,
  type: "human",
  tenant: "acme",
  roles: ["requester", "reviewer"],
  groups: ["data-owners", "security"],
  ...more,
});
/** An agent that acts for a human. */
export const THROUGH: DevelopmentPrincipal = { ...human("data-owner"), act: { sub: "copilot", principal_type: "agent" } };
