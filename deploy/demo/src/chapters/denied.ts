import { NotApprovedError, requireApproval } from "@countersign/client";
import type { Stage } from "../stage.ts";

/** Policy denies; the code that would run is never called. */
export async function denied({ narrator, database, actions, as }: Stage): Promise<void> {
  narrator.chapter("A drop in production: policy denies it");
  narrator.says("crm-agent", "calls a tool, with requireApproval around it, that drops a table (db.drop)");
  const attempt = requireApproval(
    as("crm-agent"),
    {
      subject: { type: "agent", id: "crm-agent" },
      action: { name: "db.drop", properties: { table: "customers" } },
      resource: { type: "database", id: "crm" },
      context: { environment: "production", justification: "clean up" },
    },
    () => database.dropTable("customers"),
  );
  const refusal = await attempt.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(refusal instanceof NotApprovedError)) throw new Error("the drop was not refused", { cause: refusal });
  actions.set("the drop", refusal.action.id);
  narrator.says("policy", refusal.message);
  narrator.checks("the tool did not run: the table is still there", await database.tableExists("customers"));
}
