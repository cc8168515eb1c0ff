import type { ActionInput } from "@countersign/client";

/** Policy allows it at once. */
export const AUTO: ActionInput = {
  subject: { type: "agent", id: "crm-agent" },
  action: { name: "db.tag.update", properties: { table: "customers", id: 4711, tag: "vip", rows: 1 } },
  resource: { type: "database", id: "crm" },
  context: { environment: "production", justification: "customer asked for it", run_id: "bench" },
};

/** A person decides. */
export const REVIEWED: ActionInput = {
  subject: { type: "agent", id: "crm-agent" },
  action: { name: "db.export", properties: { table: "customers", columns: ["id", "region"], limit: 100 } },
  resource: { type: "database", id: "crm" },
  context: { environment: "production", justification: "regional report" },
};
