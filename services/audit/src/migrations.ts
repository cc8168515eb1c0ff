import { sqlMigration, type MigrationSet } from "@countersign/database";
import { createActionTable } from "./projections/actions/table.ts";
import { SEALING_TABLES } from "./sealing/adapters/tables.ts";

/**
 * Schema `audit`. Projections belong to the service's role, as a rebuild makes a new table and drops the old one: they hold nothing that the log
 * does not say. What was sealed belongs to the owner, and nobody changes it. A projection of another shape is a migration that drops the table and its checkpoint, and the consumer folds it anew.
 */
export const auditMigrations: MigrationSet = {
  schema: "audit",
  migrations: {
    "0001_action": sqlMigration(`
      grant usage, create on schema audit to countersign_service;
      ${createActionTable("action").join(";\n")};
      alter table audit.action owner to countersign_service;
    `),
    "0002_sealing": sqlMigration(SEALING_TABLES),
  },
};
