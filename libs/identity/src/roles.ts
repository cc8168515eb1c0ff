/** Roles within one tenant, as tokens name them. */
export const TENANT_ROLES = ["requester", "reviewer", "executor", "policy_admin", "auditor", "operator", "privacy_officer"] as const;

/** The role for what works on a whole ledger, and so on every tenant's part of it. Only an issuer whose settings list it (`mayGive`) gives it. */
export const LEDGER_OPERATOR = "ledger_operator";
