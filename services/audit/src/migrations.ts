import { sqlMigration, type MigrationSet } from "@countersign/database";
import { createActionTable } from "./projections/actions/table.ts";
import { BUILD_TABLES } from "./rebuild/tables.ts";
import { SEALING_TABLES } from "./sealing/adapters/tables.ts";

const firstTable = createActionTable("action");

/**
 * Schema `audit`. Projections belong to the service's role, as a rebuild makes a new table and drops the old one: they hold nothing that the log
 * does not say. What was sealed belongs to the owner, and nobody changes it. A projection of another shape is a rebuild: the new table is filled
 * beside the live one, which goes on answering.
 */
export const auditMigrations: MigrationSet = {
  schema: "audit",
  migrations: {
    "0001_action": sqlMigration(`
      grant usage, create on schema audit to countersign_audit;
      ${[firstTable.table, ...firstTable.indexes].join(";\n")};
      alter table audit.action owner to countersign_audit;
    `),
    "0002_sealing": sqlMigration(SEALING_TABLES),
    "0003_builds": sqlMigration(BUILD_TABLES),
  },
};
