import { approvalMigrations } from "@countersign/approval";
import { auditMigrations } from "@countersign/audit";
import { busMigrations } from "@countersign/bus";
import type { MigrationSet } from "@countersign/database";
import { eventLogMigrations } from "@countersign/event-log";
import { notifierMigrations } from "@countersign/notifier";

/** Every schema of a deployment, in the order in which they depend on each other. */
export const ALL_MIGRATIONS: readonly MigrationSet[] = [
  eventLogMigrations,
  busMigrations,
  approvalMigrations,
  notifierMigrations,
  auditMigrations,
];
