import type { ActionInput } from "@countersign/client";

/** Allowed by the starter policy. */
export const TAG_CHANGE: ActionInput = {
  subject: { type: "agent", id: "crm-agent" },
  action: { name: "db.tag.update", properties: { customer: 7, tag: "vip", rows: 1 } },
  resource: { type: "database", id: "crm" },
  context: { environment: "production", justification: "loyalty programme" },
};

/** Reviewed by one of the data owners. */
export const EXPORT: ActionInput = {
  subject: { type: "agent", id: "crm-agent" },
  action: { name: "db.export", properties: { table: "customers", columns: ["id", "region"], limit: 100 } },
  resource: { type: "database", id: "crm" },
  context: { environment: "production", justification: "regional report" },
};

/** Denied. */
export const DROP: ActionInput = {
  subject: { type: "agent", id: "crm-agent" },
  action: { name: "db.drop", properties: { table: "customers" } },
  resource: { type: "database", id: "crm" },
  context: { environment: "production" },
};

/** Reviewed by two of security. */
export const ROTATION: ActionInput = {
  subject: { type: "service", id: "ci-runner" },
  action: { name: "secrets.rotate", properties: { secret: "crm/api" } },
  resource: { type: "secret", id: "crm/api" },
  context: { environment: "production" },
};
